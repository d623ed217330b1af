//! Looking for a contact by its address. The address travels in a form, not in a link, so that no proxy's log keeps it.

use super::erase::ALL_CLIENTS;
use super::{Choice, Frame, choices, page};
use crate::console::shown::words;
use crate::console::{Fault, Page, Visit};
use crate::domain::ids::ClientId;
use askama::Template;

const FOUND_SHOWN_MAX: usize = 50;

#[derive(Template)]
#[template(path = "console/contacts.html")]
struct Contacts<'a> {
    frame: Frame<'a>,
    address: String,
    found: Option<Vec<Found>>,
    is_cut: bool,
    /// Of the form that erases.
    clients: Vec<Choice>,
}

struct Found {
    contact_id: String,
    email: String,
    client: String,
    name: String,
    company: String,
    stage: String,
}

pub(in crate::console) fn form(visit: &Visit<'_>) -> Page {
    let frame = Frame::new(visit, "contacts", "Contacts");
    page(200, &Contacts { frame, address: String::new(), found: None, is_cut: false, clients: clients(visit) })
}

pub(in crate::console) async fn search(visit: &Visit<'_>) -> Result<Page, Fault> {
    let address = visit.form.text("address").map(|text| text.to_lowercase()).unwrap_or_default();
    if address.chars().count() < 2 {
        return Err(Fault::Wrong("Type the address, or at least its first two characters.".to_owned()));
    }
    let found = visit.console.store.contacts_by_address(&address, FOUND_SHOWN_MAX).await?;
    if let [only] = found.as_slice()
        && only.email == address
    {
        return Ok(Page::see_other(&format!("/console/contacts/{}", only.contact_id)));
    }
    let is_cut = found.len() == FOUND_SHOWN_MAX;
    let found = found
        .into_iter()
        .map(|line| Found {
            contact_id: line.contact_id.to_string(),
            email: line.email,
            client: line.client,
            name: line.name,
            company: line.company.unwrap_or_default(),
            stage: words(line.stage.as_str()),
        })
        .collect();
    let frame = Frame::new(visit, "contacts", "Contacts");
    Ok(page(200, &Contacts { frame, address, found: Some(found), is_cut, clients: clients(visit) }))
}

fn clients(visit: &Visit<'_>) -> Vec<Choice> {
    let config = &visit.console.config;
    let all = std::iter::once((ALL_CLIENTS, "All clients".to_owned()));
    let each = config.clients.keys().map(|id| (id.as_str(), id.to_string()));
    choices(each.chain(all), config.default_client.as_ref().map(ClientId::as_str))
}
