use super::*;

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-10-20T{time}Z").parse().unwrap()
}

fn span() -> Span {
    Span { since: at("00:00:00"), until: at("20:00:00") }
}

fn row(id: &str, stage: &str, lead: Option<&str>) -> Row {
    let mut columns = stage.split('/').map(|column| (column != "-").then(|| column.to_owned()));
    let mut next = || columns.next().flatten();
    Row {
        contact_id: id.to_owned(),
        stage: [next(), next(), next(), next()],
        has_engaged: lead.is_some(),
        lead_id: lead.map(str::to_owned),
        created_at: Some(at("08:00:00")),
        updated_at: Some(at("09:00:00")),
    }
}

fn line(id: &str, way: Way, external: Option<&str>, text: &str, time: &str) -> Line {
    Line::new(id.to_owned(), Some(way), external, text, at(time))
}

#[track_caller]
fn check(description: &str, person: &Person, expected: &[(Disagreement, &str)]) {
    let found = compare(person, &span());
    let found: Vec<(Disagreement, &str)> =
        found.iter().map(|finding| (finding.disagreement, finding.what.as_str())).collect();
    assert_eq!(found.len(), expected.len(), "{description}: {found:?}");
    for ((disagreement, what), (wanted, part)) in found.iter().zip(expected) {
        assert!(disagreement == wanted && what.contains(part), "{description}: {found:?}");
    }
}

const INTERESTED: &str = "interested/follow_up/completed/replied";
const IN_SEQUENCE: &str = "active/open/active/-";

#[test]
fn contacts_stages_and_promotions_are_held_against_each_other() {
    use Disagreement as D;
    let here = |stage, lead| Some(row("h", stage, lead));
    let person = |here, there: Vec<Row>| Person { here, there, ..Person::default() };
    check("both agree", &person(here(IN_SEQUENCE, None), vec![row("t", IN_SEQUENCE, None)]), &[]);
    let odd = vec![row("t", " Active/open/active/NULL", None)];
    check("capitals and a null in words are no difference", &person(here(IN_SEQUENCE, None), odd), &[]);
    check("nobody there", &person(here(IN_SEQUENCE, None), vec![]), &[(D::ContactMissingThere, "")]);
    check("nobody here", &person(None, vec![row("t", IN_SEQUENCE, None)]), &[(D::ContactMissingHere, "")]);
    check(
        "another stage, and so no lead",
        &person(here(INTERESTED, Some("-")), vec![row("t", IN_SEQUENCE, None)]),
        &[
            (D::StageDiffers, "here interested/follow_up/completed/replied, there active/open/active/-"),
            (D::PromotionMissingThere, ""),
        ],
    );
    check(
        "a lead of somebody who never answered",
        &person(here(IN_SEQUENCE, None), vec![row("t", IN_SEQUENCE, Some("rec1"))]),
        &[(D::PromotionMissingHere, "rec1")],
    );
    check(
        "one person twice, each with a lead",
        &person(
            here(INTERESTED, Some("-")),
            vec![row("t", INTERESTED, Some("rec1")), row("u", INTERESTED, Some("rec2"))],
        ),
        &[(D::ContactDoubledThere, "t and u"), (D::PromotionDoubledThere, "rec1 and rec2")],
    );
    let mut fresh = row("t", IN_SEQUENCE, None);
    fresh.updated_at = Some(at("20:00:00"));
    check("a moment ago is too early to tell", &person(here(INTERESTED, Some("-")), vec![fresh]), &[]);
    let mut fresh = row("h", INTERESTED, None);
    fresh.created_at = Some(at("20:00:00"));
    check("who came a moment ago may come there too", &person(Some(fresh), vec![]), &[]);
}

#[test]
fn messages_are_paired_by_id_text_and_time_and_the_rest_is_named() {
    use Disagreement as D;
    use Way::{Bounced, Received, Sent};
    let person = |lines_here: Vec<Line>, lines_there: Vec<Line>| Person {
        here: Some(row("h", INTERESTED, Some("-"))),
        there: vec![row("t", INTERESTED, Some("rec1"))],
        lines_here,
        lines_there,
    };
    let reply = || line("h1", Received, Some("<A@mail.example>"), "Yes, please", "09:00:00");
    for (description, there, expected) in [
        ("by its id", vec![line("t1", Received, Some("a@MAIL.example"), "other words", "15:00:00")], vec![]),
        (
            "other words, much later",
            vec![line("t1", Received, Some("77"), "No, thanks", "11:00:00")],
            vec![(D::MessageMissingThere, "h1"), (D::MessageMissingHere, "t1")],
        ),
        ("by its letters", vec![line("t1", Received, Some("77"), "yes please!", "11:00:00")], vec![]),
        ("by its time", vec![line("t1", Received, None, "quoted and more", "09:04:00")], vec![]),
        ("lost", vec![], vec![(D::MessageMissingThere, "chat row h1, received, 2026-10-20 09:00:00 UTC")]),
        (
            "the other way it is another",
            vec![line("t1", Sent, None, "yes please", "09:00:00")],
            vec![(D::MessageMissingThere, "h1"), (D::MessageMissingHere, "t1")],
        ),
        (
            "twice",
            vec![
                line("t1", Received, Some("a@mail.example"), "x", "09:00:00"),
                line("t2", Received, Some("a@mail.example"), "x", "09:00:30"),
            ],
            vec![(D::MessageDoubledThere, "t2")],
        ),
        (
            "twice without an id",
            vec![
                line("t1", Received, None, "Yes, please", "09:00:00"),
                line("t2", Received, None, "Yes, please", "10:00:00"),
            ],
            vec![(D::MessageDoubledThere, "t2")],
        ),
        (
            "what was before the shadow is nobody's",
            vec![
                line("t1", Received, Some("a@mail.example"), "x", "09:00:00"),
                Line::new("t0".to_owned(), Some(Sent), None, "old", "2026-10-19T23:00:00Z".parse().unwrap()),
            ],
            vec![],
        ),
        (
            "a bounce beside it",
            vec![
                line("t1", Received, Some("a@mail.example"), "x", "09:00:00"),
                line("t2", Bounced, None, "", "09:00:00"),
            ],
            vec![(D::MessageMissingHere, "t2, bounced")],
        ),
    ] {
        check(description, &person(vec![reply()], there), &expected);
    }
    // A double of one reply does not stand for another that is lost.
    let here = vec![reply(), line("h2", Received, Some("b@mail.example"), "And the price?", "09:02:00")];
    let there = vec![
        line("t1", Received, Some("a@mail.example"), "Yes, please", "09:00:00"),
        line("t2", Received, Some("a@mail.example"), "Yes, please", "09:02:00"),
    ];
    check(
        "a double beside a loss",
        &person(here, there),
        &[(D::MessageMissingThere, "h2"), (D::MessageDoubledThere, "t2")],
    );
    let two = || vec![reply(), line("h2", Received, Some("c@mail.example"), "Yes, please", "09:10:00")];
    check("two true replies of the same words", &person(two(), two()), &[]);
}

#[test]
fn all_are_counted_and_the_first_few_are_named() {
    let mut comparison = Comparison::default();
    for nth in 0..5 {
        let finding =
            Finding { disagreement: Disagreement::StageDiffers, contact_id: nth.to_string(), what: String::new() };
        comparison.add(finding, 2);
    }
    assert_eq!((comparison.total(), comparison.first.len()), (5, 2));
}
