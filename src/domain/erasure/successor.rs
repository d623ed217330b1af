//! Who takes the place of an erased contact: the same counts, of nobody.

use crate::domain::contact::Contact;
use crate::domain::ids::{ContactKey, Email};
use crate::domain::stage::Stage;

/// What stays of an erased contact, so that counts of messages, campaigns and lists stay right: no name, no day, no words. It is
/// where nothing is ever done with it again.
pub fn anonymous(contact: &Contact) -> Contact {
    let mut past_campaigns = contact.past_campaigns.clone();
    past_campaigns.extend(contact.current_campaign.clone().filter(|current| !contact.past_campaigns.contains(current)));
    Contact {
        stage: Stage::DoNotContact,
        contact_source: contact.contact_source,
        list_id: contact.list_id,
        past_campaigns,
        emails_sent_count: contact.emails_sent_count,
        reply_count: contact.reply_count,
        ..Contact::default()
    }
}

/// An address that is nobody's and never will be (RFC 2606).
pub fn anonymous_key(key: &ContactKey, new_id: uuid::Uuid) -> Option<ContactKey> {
    let email = Email::parse(&format!("{}@erased.invalid", new_id.simple())).ok()?;
    Some(ContactKey { client_id: key.client_id.clone(), email })
}
