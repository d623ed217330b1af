use super::*;

/// Counts of fields and the options of every select, copied by hand from the document.
const FIELDS: [(&str, usize); 6] =
    [("Leads", 44), ("Lead Lists", 24), ("Campaigns", 25), ("Documents", 27), ("Products", 18), ("Clients", 28)];
const OPTIONS: [(&str, &str, usize, &str, &str); 19] = [
    ("Leads", "Lead Status", 10, "New", "Lost"),
    ("Leads", "Pipeline Stage", 8, "Engaged", "Closed Lost"),
    ("Leads", "Timeline", 0, "", ""),
    ("Leads", "Ready to Take Action?", 3, "Yes", "Maybe"),
    ("Leads", "Willing to Invest?", 3, "Yes", "Unsure"),
    ("Leads", "Engagement Source", 5, "Email Reply", "Manual"),
    ("Lead Lists", "Status", 5, "Planning", "Archived"),
    ("Lead Lists", "Source Type", 6, "CSV Import", "Other"),
    ("Campaigns", "status", 3, "Active", "Completed"),
    ("Campaigns", "platform", 3, "Smart Lead", "Other"),
    ("Documents", "namespace", 3, "company_knowledge", "documents"),
    ("Documents", "context", 28, "Company Info", "Proposal"),
    ("Documents", "source", 14, "Google Drive", "Other"),
    ("Documents", "tags", 0, "", ""),
    ("Documents", "transcription_status", 4, "Pending", "Failed"),
    ("Documents", "processing_status", 4, "Pending", "Failed"),
    ("Products", "payment_schedule", 4, "One-time", "Yearly"),
    ("Clients", "client_status", 3, "Active", "Churned"),
    // The last row of its kind: nothing else is a select.
    ("Leads", "Email", 0, "", ""),
];
const REQUIRED: [(&str, usize); 6] =
    [("Leads", 7), ("Lead Lists", 9), ("Campaigns", 6), ("Documents", 7), ("Products", 5), ("Clients", 7)];

fn provisioned() -> Vec<ActualTable> {
    after(&[], &steps(&[]))
}

/// As people would leave it after doing all that is to be done by hand.
fn finished() -> Vec<ActualTable> {
    let mut base = provisioned();
    for table in TABLES {
        let there = base.iter_mut().find(|known| known.name == table.name).unwrap();
        there.views = table.views.iter().map(|view| view.name.to_owned()).collect();
        for field in table.fields.iter().filter(|field| !field.kind.can_be_made()) {
            match there.fields.iter_mut().find(|known| known.name == field.name) {
                Some(placeholder) => field.kind.field_type().clone_into(&mut placeholder.field_type),
                None if matches!(field.kind, Kind::Impossible(_)) => {}
                None => there.fields.push(ActualField {
                    id: format!("by hand {}", field.name),
                    name: field.name.to_owned(),
                    field_type: field.kind.field_type().to_owned(),
                    ..ActualField::default()
                }),
            }
        }
    }
    base
}

fn table<'a>(base: &'a mut [ActualTable], name: &str) -> &'a mut ActualTable {
    base.iter_mut().find(|table| table.name == name).unwrap()
}

fn field<'a>(base: &'a mut [ActualTable], in_table: &str, name: &str) -> &'a mut ActualField {
    table(base, in_table).fields.iter_mut().find(|field| field.name == name).unwrap()
}

/// `kind table.field`, in order.
fn told(base: &[ActualTable]) -> Vec<String> {
    let name = |found: Difference| format!("{:?} {}.{}", found.kind, found.table, found.field.unwrap_or_default());
    differences(base).into_iter().map(name).collect()
}

#[test]
fn the_data_are_the_document() {
    for ((name, fields), (_, required)) in FIELDS.into_iter().zip(REQUIRED) {
        let table = TABLES.iter().find(|table| table.name == name).unwrap();
        assert_eq!(table.fields.len(), fields, "{name}");
        assert_eq!(table.fields.iter().filter(|field| field.required).count(), required, "{name}: required");
    }
    for (table, field, count, first, last) in OPTIONS {
        let table = TABLES.iter().find(|known| known.name == table).unwrap();
        let options = table.fields.iter().find(|known| known.name == field).unwrap().kind.options();
        let ends = (options.first().copied().unwrap_or_default(), options.last().copied().unwrap_or_default());
        assert_eq!((options.len(), ends), (count, (first, last)), "{}.{field}", table.name);
    }
    let selects = TABLES.iter().flat_map(|table| table.fields);
    let selects = selects.filter(|field| matches!(field.kind, Kind::Select(_) | Kind::MultiSelect(_)));
    assert_eq!(selects.count(), OPTIONS.len() - 1);
}

#[test]
fn the_data_are_consistent() {
    for table in TABLES {
        for (position, field) in table.fields.iter().enumerate() {
            let twin = table.fields.iter().position(|other| other.name.eq_ignore_ascii_case(field.name));
            assert_eq!(twin, Some(position), "{}.{} stands once", table.name, field.name);
            let Some(link) = field.kind.link() else { continue };
            let other = TABLES.iter().find(|known| known.name == link.table).unwrap();
            let back = |name: &str| other.fields.iter().find(|known| known.name == name).unwrap().kind.link().unwrap();
            let expected = match link.side {
                Side::Alone => continue,
                Side::Made { inverse } => (back(inverse), Side::Inverse { of: field.name }),
                Side::Inverse { of } => (back(of), Side::Made { inverse: field.name }),
            };
            assert_eq!(expected.0, Link { table: table.name, side: expected.1 }, "{}.{}", table.name, field.name);
        }
    }
}

#[test]
fn an_empty_base_gets_tables_then_links_then_the_names_of_inverses() {
    let steps = steps(&[]);
    let rank = |step: &Step| !matches!(step, Step::CreateTable { .. });
    assert!(steps.is_sorted_by_key(rank));
    let count = |wanted: fn(&Step) -> bool| steps.iter().filter(|step| wanted(step)).count();
    assert_eq!(count(|step| matches!(step, Step::CreateTable { .. })), 6);
    assert_eq!(count(|step| matches!(step, Step::RenameInverse { .. })), 6, "six pairs");
    assert_eq!(count(|step| matches!(step, Step::CreateField { .. })), 17, "six pairs and eleven links alone");
    assert!(told(&[]).iter().all(|told| told.starts_with("MissingTable")));
}

#[test]
fn after_a_provision_nothing_is_left_but_handwork() {
    let base = provisioned();
    assert_eq!(steps(&base), []);
    let differences = differences(&base);
    assert!(differences.iter().all(|found| found.severity == Severity::ByHand), "{differences:#?}");
    let count = |kind| differences.iter().filter(|found| found.kind == kind).count();
    assert_eq!(count(DifferenceKind::Placeholder), 3, "Lead ID, Lead List ID, document_id");
    assert_eq!(count(DifferenceKind::MissingView), 11);
    // Created, modified and by whom: 3 + 3 + 2 + 3 + 2 + 2; computed: Full Name, six of a campaign, total_revenue.
    assert_eq!(count(DifferenceKind::MissingByHand), 15 + 8);
    assert_eq!(differences.len(), 3 + 11 + 23);
    let rollup = differences.iter().find(|found| found.field.as_deref() == Some("revenue_generated")).unwrap();
    assert_eq!(
        rollup.to_do.as_deref().unwrap(),
        "in the table Campaigns: + at the right end of the header, name the field `revenue_generated`, choose the type Rollup; \
         linked records to summarize: leads, field: Deal Value, Only include linked records that meet conditions: Lead Status is \
         Won, formula: SUM(values), formatting: currency"
    );
}

#[test]
fn a_finished_base_has_no_differences() {
    assert_eq!(steps(&finished()), []);
    assert_eq!(told(&finished()), [""; 0]);
    assert_eq!(reminders().iter().filter(|reminder| reminder.impossible).count(), 1);
}

#[test]
fn an_interrupted_provision_continues_wherever_it_stopped() {
    let all = steps(&[]);
    for done in 0..=all.len() {
        let half = after(&[], &all[..done]);
        let rest = steps(&half);
        assert_eq!(rest, all[done..], "after {done} steps exactly the others are left");
        let told_then: Vec<_> = differences(&after(&half, &rest)).into_iter().map(|found| found.what).collect();
        let told_once: Vec<_> = differences(&provisioned()).into_iter().map(|found| found.what).collect();
        assert_eq!(told_then, told_once);
    }
}

#[test]
fn fields_that_went_missing_are_made_again() {
    for owner in TABLES {
        for lost in owner.fields.iter().filter(|field| field.kind.can_be_made() && field.kind.link().is_none()) {
            let mut base = finished();
            table(&mut base, owner.name).fields.retain(|field| field.name != lost.name);
            let made = Step::CreateField { table: owner.name, field: lost };
            assert_eq!(steps(&base), [made], "{made}");
            let told = told(&base);
            assert!(told.contains(&format!("MissingField {}.{}", owner.name, lost.name)), "{told:?}");
        }
    }
}

#[test]
fn a_pair_of_links_is_completed_from_either_side() {
    let mut base = finished();
    "Leads".clone_into(&mut field(&mut base, "Campaigns", "leads").name);
    assert_eq!(told(&base), ["OtherLetters Campaigns.leads"]);
    assert_eq!(steps(&base).len(), 1, "Airtable's own name for it, in other letters");
    assert_eq!(told(&after(&base, &steps(&base))), [""; 0]);

    let mut base = finished();
    "Campaigns 2".clone_into(&mut field(&mut base, "Leads", "Campaign").name);
    let rename = Step::RenameInverse { link_table: "Campaigns", link: "leads", table: "Leads", name: "Campaign" };
    assert_eq!(steps(&base), [rename]);
    assert_eq!(told(&after(&base, &[rename])), [""; 0]);

    let mut base = finished();
    table(&mut base, "Products").fields.retain(|field| field.name != "interested_leads");
    field(&mut base, "Leads", "Interested In").inverse_field_id = None;
    assert_eq!(steps(&base), [], "a link without an inverse can't get one");
    let found = differences(&base);
    let [missing] = found.as_slice() else { panic!("one difference: {found:#?}") };
    assert!(missing.to_do.as_deref().unwrap().starts_with("Leads.Interested In is not a link"), "{missing:#?}");
}

#[test]
fn other_types_are_told_and_left_alone() {
    for (what, in_table, name, field_type, expected) in [
        ("a wrong type", "Leads", "Email", "number", "WrongType"),
        ("a type that does", "Leads", "Phone", "singleLineText", "OtherType"),
        ("a select for a user", "Leads", "Assigned To", "singleSelect", ""),
        ("a formula for a rollup", "Clients", "total_revenue", "formula", ""),
        ("a number for a count", "Campaigns", "total_leads", "number", "WrongTypeByHand"),
        ("an auto-number that nobody writes", "Products", "product_id", "autoNumber", "OtherType"),
        ("an auto-number that the engine writes", "Clients", "client_id", "autoNumber", "WrongType"),
        ("a placeholder", "Leads", "Lead ID", "singleLineText", "Placeholder"),
    ] {
        let mut base = finished();
        field_type.clone_into(&mut field(&mut base, in_table, name).field_type);
        assert_eq!(steps(&base), [], "{what}");
        let expected: Vec<String> =
            if expected.is_empty() { vec![] } else { vec![format!("{expected} {in_table}.{name}")] };
        assert_eq!(told(&base), expected, "{what}");
    }
}

#[test]
fn other_names_options_and_additions_are_told_and_left_alone() {
    type Change = fn(&mut Vec<ActualTable>);
    fn statuses(base: &mut [ActualTable]) -> &mut Vec<String> {
        &mut field(base, "Leads", "Lead Status").choices
    }
    let own = |base: &mut Vec<ActualTable>| {
        let shoe_size = ActualField { id: "x".into(), name: "Shoe Size".into(), ..ActualField::default() };
        table(base, "Leads").fields.push(shoe_size);
    };
    let other_primary = |base: &mut Vec<ActualTable>| {
        table(base, "Leads").primary_field_id = field(base, "Leads", "Email").id.clone();
    };
    let letters = |base: &mut Vec<ActualTable>| "lead status".clone_into(&mut field(base, "Leads", "Lead Status").name);
    let rows: [(&str, Change, &[&str]); 8] = [
        ("a missing option", |base| drop(statuses(base).pop()), &["MissingOption Leads.Lead Status"]),
        (
            "an option in other letters",
            |base| "won".clone_into(&mut statuses(base)[8]),
            &["MissingOption Leads.Lead Status"],
        ),
        ("an added option", |base| statuses(base).push("Cold".into()), &["ExtraOption Leads.Lead Status"]),
        (
            "options where the document has none",
            |base| field(base, "Leads", "Timeline").choices.push("Now".into()),
            &[],
        ),
        ("a field in other letters", letters, &["OtherLetters Leads.Lead Status"]),
        (
            "a table in other letters",
            |base| "leads".clone_into(&mut table(base, "Leads").name),
            &["OtherLetters Leads."],
        ),
        ("an added field", own, &["ExtraField Leads.Shoe Size"]),
        ("another primary field", other_primary, &["OtherPrimary Leads."]),
    ];
    for (what, change, expected) in rows {
        let mut base = finished();
        change(&mut base);
        assert_eq!(steps(&base), [], "{what}");
        assert_eq!(told(&base), expected, "{what}");
    }
}

#[test]
fn links_to_the_wrong_table_and_links_that_are_no_pair_are_told() {
    let mut base = finished();
    let leads = table(&mut base, "Leads").id.clone();
    field(&mut base, "Lead Lists", "Client").linked_table_id = Some(leads);
    field(&mut base, "Campaigns", "leads").inverse_field_id = Some("another".into());
    assert_eq!(steps(&base), []);
    assert_eq!(told(&base), ["WrongTarget Lead Lists.Client", "NotPaired Campaigns.leads"]);
    assert!(differences(&base).iter().any(|found| found.what == "it links to Leads, not to Clients"));
}
