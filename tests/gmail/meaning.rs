//! That a mail does to its contact what it means.

use crate::common::Database;
use crate::on_both;
use crate::world::{ANN, LEAD, Letter, SENT, World};
use sales_engine::domain::stage::Stage;

/// A report of Gmail's about the mail that Smartlead sent.
fn bounce(status: &str, diagnostic: &str) -> String {
    format!(
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\r\nTo: {ANN}\r\nMessage-ID: <bounce-1@mx.google.com>\r\n\
         Return-Path: <>\r\nAuto-Submitted: auto-replied\r\nX-Failed-Recipients: {LEAD}\r\nIn-Reply-To: <{SENT}>\r\nReferences: <{SENT}>\r\n\
         Subject: Delivery Status Notification (Failure)\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; boundary=\"b1\"; report-type=delivery-status\r\n\r\n\
         --b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nYour message wasn't delivered to {LEAD}: {diagnostic}\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; googlemail.com\r\n\r\n\
         Final-Recipient: rfc822; {LEAD}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n\r\n\
         --b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: {ANN}\r\nTo: {LEAD}\r\nMessage-ID: <{SENT}>\r\nSubject: A question\r\n\r\n\
         May I ask a question?\r\n--b1--\r\n"
    )
}

on_both! {
    async fn a_dead_address_is_bounced(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.deliver(&bounce("5.1.1", "550 5.1.1 The email account that you tried to reach does not exist."));
        world.push_and_work().await;
        assert_eq!(world.contact(LEAD).await.unwrap().stage, Stage::Bounced);
        assert_eq!(world.chat().await.len(), 2);
        world.end().await;
    }
}

on_both! {
    async fn a_bounce_that_overtakes_the_report_of_our_mail_is_found(database: Database) {
        let mut world = World::new(database).await;
        world.deliver(&bounce("5.1.1", "550 5.1.1 The email account that you tried to reach does not exist."));
        world.push_and_work().await;
        assert_eq!(world.count("events").await, 0);
        world.report_sent().await;
        world.forward(31).await;
        assert_eq!(world.contact(LEAD).await.unwrap().stage, Stage::Bounced);
        world.end().await;
    }
}

on_both! {
    async fn a_policy_block_is_never_the_contacts(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.deliver(&bounce("5.7.1", "550 5.7.1 Our system has detected that this message is likely unsolicited mail, blocked."));
        world.push_and_work().await;
        assert_eq!(world.contact(LEAD).await.unwrap().stage, Stage::InSequence);
        let alerts = world.alerts().await;
        assert!(alerts.len() == 1 && alerts[0].contains("because of our sending") && alerts[0].contains("5.7.1"), "{alerts:?}");
        world.end().await;
    }
}

on_both! {
    async fn who_is_away_is_away_until_the_day(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.deliver(&Letter {
            id: "ooo@customer.example",
            subject: "Automatic reply: A question",
            headers: "Auto-Submitted: auto-replied\r\n",
            text: "I am out of the office and will be back on 1 December 2026.",
            ..Letter::default()
        }.raw());
        world.push_and_work().await;
        let lead = world.contact(LEAD).await.unwrap();
        assert_eq!((lead.stage, lead.reply_count, lead.follow_up_date.as_deref()), (Stage::OutOfOffice, 0, Some("2026-12-01")));
        world.end().await;
    }
}

on_both! {
    async fn an_opt_out_in_words_is_one(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.deliver(&Letter { text: "Please remove me from your list and do not write to me again.", ..Letter::default() }.raw());
        world.push_and_work().await;
        let lead = world.contact(LEAD).await.unwrap();
        assert_eq!((lead.stage, lead.reply_count), (Stage::DoNotContact, 1));
        world.end().await;
    }
}

on_both! {
    async fn a_complaint_is_an_opt_out(database: Database) {
        let mut world = World::new(database).await;
        world.report_sent().await;
        world.deliver(&format!(
            "From: fbl@provider.example\r\nTo: {ANN}\r\nMessage-ID: <arf-1@provider.example>\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=\"b1\"\r\n\r\n\
             --b1\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n\
             --b1\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Provider/1.0\r\nVersion: 1\r\n\r\n\
             --b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: {ANN}\r\nTo: redacted@provider.example\r\nMessage-ID: <{SENT}>\r\nSubject: A question\r\n\r\n\
             May I ask a question?\r\n--b1--\r\n"
        ));
        world.push_and_work().await;
        assert_eq!(world.contact(LEAD).await.unwrap().stage, Stage::DoNotContact);
        let alerts = world.alerts().await;
        assert!(alerts.len() == 1 && alerts[0].contains("complained"), "{alerts:?}");
        let of = "SELECT contact_id AS x FROM automation_logs WHERE action_taken LIKE 'alert: %'";
        assert_eq!(world.person.texts(of).await, [world.contact(LEAD).await.unwrap().contact_id.to_string()]);
        world.end().await;
    }
}
