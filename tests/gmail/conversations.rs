//! Whose a mail is, and that it counts once.

use crate::common::Database;
use crate::on_both;
use crate::world::{ANN, BEN, LEAD, Letter, SENT, World};
use sales_engine::domain::stage::Stage;
use sales_engine::sandbox::google::Call;

on_both! {
    async fn a_push_brings_the_reply(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let id = world.deliver(&Letter { headers: "X-Loud: yes\r\n", ..Letter::default() }.raw());
        world.push_and_work().await;
        let expected = [
            format!("{LEAD} campaign sent: May I ask a question?"),
            format!("{LEAD} reply received: Yes, tell me more."),
        ];
        assert_eq!(world.chat().await, expected);
        let lead = world.contact(LEAD).await.unwrap();
        assert_eq!((lead.reply_count, lead.stage), (1, Stage::Interested));
        assert_eq!(lead.first_name.as_deref(), Some("Lee"));
        let row = "SELECT platform || ' ' || external_message_id || ' ' || thread_id || ' ' || account_identifier || ' ' || contact_name AS x
            FROM chat_history WHERE message_type = 'reply'";
        assert_eq!(world.person.texts(row).await, [format!("gmail reply-1@customer.example {id} {ANN} Lee Ad")]);
        assert_eq!(world.count("deliveries").await, 1, "Smartlead's; a push tells nothing that could be kept");
        world.end().await;
    }
}

on_both! {
    async fn the_same_reply_of_smartlead_and_of_gmail_is_one(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let first = Letter { id: "one@customer.example", text: "First answer.", ..Letter::default() };
        world.report_reply(first.id, first.text).await;
        world.deliver(&first.raw());
        world.push_and_work().await;
        world.forward(60).await;
        let second = Letter { id: "two@customer.example", text: "Second answer.", ..Letter::default() };
        world.deliver(&second.raw());
        world.push_and_work().await;
        world.report_reply(second.id, second.text).await;
        let expected = [
            format!("{LEAD} campaign sent: May I ask a question?"),
            format!("{LEAD} reply received: First answer."),
            format!("{LEAD} reply received: Second answer."),
        ];
        assert_eq!(world.chat().await, expected);
        assert_eq!(world.contact(LEAD).await.unwrap().reply_count, 2);
        let sources = "SELECT seen AS x FROM events WHERE kind = 'reply_received'";
        let seen = world.person.texts(sources).await;
        assert!(seen.len() == 2 && seen.iter().all(|seen| seen.contains("\"gmail\"") && seen.contains("\"smartlead\"")), "{seen:?}");
        world.end().await;
    }
}

on_both! {
    async fn the_copy_of_a_campaigns_mail_is_that_mail(database: Database) {
        let mut world = World::new(database).await;
        world.add_contact(LEAD).await;
        let copy = Letter { from: ANN, to: LEAD, id: SENT, answers: None, subject: "A question", text: "May I ask a question?", headers: "" };
        world.google(|google| google.send(ANN, copy.raw().as_bytes()));
        world.push_and_work().await;
        assert_eq!(world.contact(LEAD).await.unwrap().stage, Stage::New, "written by hand, as far as is known");
        world.report_sent().await;
        let lead = world.contact(LEAD).await.unwrap();
        assert_eq!((lead.emails_sent_count, lead.stage), (1, Stage::InSequence));
        assert_eq!(world.chat().await, [format!("{LEAD} campaign sent: May I ask a question?")]);
        world.end().await;
    }
}

on_both! {
    async fn an_answer_that_overtakes_the_report_of_our_mail_is_found(database: Database) {
        let mut world = World::new(database).await;
        let colleague = Letter { from: "Cole <cole@customer.example>", id: "c@customer.example", text: "Lee told me.", ..Letter::default() };
        world.deliver(&colleague.raw());
        world.deliver(&Letter::default().raw());
        world.push_and_work().await;
        assert_eq!((world.count("events").await, world.chat().await.len()), (0, 0), "nobody is known yet");
        let raws = world.google(|google| google.calls_of(ANN, Call::Raw));
        assert_eq!(raws, 0, "and what strangers write is not read");
        let kept = world.everything().await;
        assert!(!kept.contains("customer.example") && !kept.contains("told me"), "only hashes are kept: {kept}");
        world.report_sent().await;
        world.forward(31).await;
        assert_eq!(world.chat().await.len(), 3, "{:?}", world.chat().await);
        assert_eq!(world.contact(LEAD).await.unwrap().reply_count, 2);
        assert_eq!(world.count("gmail_aside").await, 0);
        world.end().await;
    }
}

on_both! {
    async fn who_becomes_a_contact_is_found_by_the_address(database: Database) {
        let mut world = World::new(database).await;
        world.deliver(&Letter { answers: None, subject: "Hello", ..Letter::default() }.raw());
        world.push_and_work().await;
        world.forward(86_400).await;
        world.add_contact("somebody@else.example").await;
        world.forward(40).await;
        assert_eq!(world.chat().await.len(), 0);
        world.add_contact(LEAD).await;
        world.forward(40).await;
        assert_eq!(world.chat().await, [format!("{LEAD} reply received: Yes, tell me more.")]);
        world.deliver(&Letter { from: "late@customer.example", id: "late@x.example", answers: None, ..Letter::default() }.raw());
        world.push_and_work().await;
        world.clock.forward_ms(15 * 86_400_000);
        world.forward(1).await;
        assert_eq!(world.count("gmail_aside").await, 0, "not longer than fourteen days");
        world.end().await;
    }
}

on_both! {
    async fn a_colleagues_answer_belongs_to_the_lead(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let colleague = Letter { from: "Cole <cole@customer.example>", id: "c@customer.example", text: "Lee told me.", ..Letter::default() };
        world.deliver(&colleague.raw());
        world.push_and_work().await;
        assert_eq!(world.contact("cole@customer.example").await, None);
        assert_eq!(world.contact(LEAD).await.unwrap().reply_count, 1);
        let used = "SELECT contact_identifier AS x FROM chat_history WHERE message_type = 'reply'";
        assert_eq!(world.person.texts(used).await, ["cole@customer.example"]);
        // By the thread alone: the mail system of the colleague drops references.
        world.forward(60).await;
        let answer = Letter { from: ANN, to: "cole@customer.example", id: "ours@acme.example", answers: Some("c@customer.example"), text: "Thank you.", ..Letter::default() };
        world.google(|google| google.send(ANN, answer.raw().as_bytes()));
        let passed_on = Letter { to: "boss@acme.example", id: "fwd@acme.example", text: "Look at this.", ..answer };
        world.google(|google| google.send(ANN, passed_on.raw().as_bytes()));
        world.push_and_work().await;
        let chat = world.chat().await;
        assert_eq!(chat.len(), 3, "{chat:?}");
        assert_eq!(chat[2], format!("{LEAD} reply sent: Thank you."), "what is passed on is no answer");
        world.end().await;
    }
}

on_both! {
    async fn what_our_own_people_write_is_no_reply(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.deliver(&Letter { from: "Boss <boss@acme.example>", to: "lee@customer.example, ann@acme.example", id: "boss@acme.example", text: "Let me add something.", ..Letter::default() }.raw());
        world.push_and_work().await;
        assert_eq!(world.chat().await.len(), 1);
        assert_eq!(world.contact(LEAD).await.unwrap().stage, Stage::InSequence);
        world.end().await;
    }
}

on_both! {
    async fn what_strangers_write_is_not_stored(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let before = (world.count("events").await, world.count("chat_history").await, world.count("contacts").await);
        world.deliver(&Letter { from: "Strange <strange@elsewhere.example>", id: "s@elsewhere.example", answers: Some("unknown@elsewhere.example"), subject: "Private matters", text: "A secret between friends.", ..Letter::default() }.raw());
        let reply = Letter { from: ANN, to: "strange@elsewhere.example", id: "mine@acme.example", answers: Some("s@elsewhere.example"), subject: "Re: Private matters", text: "I keep it.", headers: "" };
        world.google(|google| google.send(ANN, reply.raw().as_bytes()));
        world.google(|google| google.save_draft(ANN, Letter { id: "draft@acme.example", text: "A half secr", ..Letter::default() }.raw().as_bytes(), None));
        world.google(|google| google.deliver_labelled(ANN, Letter { id: "spam@x.example", text: "Buy pills", ..Letter::default() }.raw().as_bytes(), &["SPAM"]));
        world.push_and_work().await;
        world.forward(400).await;
        let after = (world.count("events").await, world.count("chat_history").await, world.count("contacts").await);
        assert_eq!(before, after);
        assert_eq!(world.google(|google| google.calls_of(ANN, Call::Raw)), 0, "nor even fetched");
        let kept = world.everything().await;
        for word in ["elsewhere.example", "secret", "Private", "I keep it", "half secr", "pills"] {
            assert!(!kept.contains(word), "{word}: {kept}");
        }
        world.end().await;
    }
}

on_both! {
    async fn what_is_rescued_from_spam_is_read(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let id = world.google(|google| google.deliver_labelled(ANN, Letter::default().raw().as_bytes(), &["SPAM"]));
        world.forward(400).await;
        assert_eq!(world.chat().await.len(), 1);
        world.google(|google| google.relabel(ANN, &id, &["INBOX"], &["SPAM"]));
        world.push_and_work().await;
        assert_eq!(world.chat().await.len(), 2);
        world.end().await;
    }
}

on_both! {
    async fn a_mail_in_both_mailboxes_is_one(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        let raw = Letter { to: "ann@acme.example, ben@acme.example", ..Letter::default() }.raw();
        for mailbox in [BEN, ANN] {
            world.google(|google| google.deliver(mailbox, raw.as_bytes()));
            world.push_and_work().await;
        }
        assert_eq!(world.chat().await.len(), 2);
        assert_eq!(world.contact(LEAD).await.unwrap().reply_count, 1);
        world.end().await;
    }
}
