//! Looks at Google: the keys that prove pushes, and each mailbox.

use super::Look;
use crate::doctor::outside::{Codes, Trouble, trouble};
use crate::doctor::{Code, Finding};
use crate::services::google::{GoogleError, Http, HttpSettings};
use crate::tasks::GmailMailbox;
use crate::wiring::{self, WiringError};
use std::error::Error as _;

const CODES: Codes = Codes { denied: Code::GmailDenied, unknown: Code::GmailDenied };
const REVOKED: Codes = Codes { denied: Code::GmailRevoked, unknown: Code::GmailRevoked };

pub(super) async fn look(look: &Look<'_>, findings: &mut Vec<Finding>) {
    if look.config.clients.values().all(|client| client.sources.gmail.is_none()) {
        return;
    }
    for (at, url) in [
        ("google.certs_url", &look.config.google.certs_url),
        ("google.token_url", &look.config.google.token_url),
        ("google.api_url", &look.config.google.api_url),
    ] {
        if let Err(why) = look.reach(at, url).await {
            findings.push(trouble(&why, CODES, at, ""));
        }
    }
    if !findings.is_empty() {
        return;
    }
    // Without an HTTPS client nobody would have been reached.
    let Ok(http) = Http::new(HttpSettings::default(), look.now.clone()) else { return };
    match wiring::mailboxes(look.config, &http) {
        Ok(mailboxes) => {
            for mailbox in &mailboxes {
                findings.push(opened(mailbox).await);
            }
        }
        Err(error) => {
            let to_do = "put the JSON key that Google gave out for the service account there";
            findings.push(Finding::new(Code::GmailKeyFile, "clients", with_cause(&error), to_do));
        }
    }
}

fn with_cause(error: &WiringError) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

async fn opened(mailbox: &GmailMailbox) -> Finding {
    let at = format!("clients.{}.gmail", mailbox.client_id);
    let address = &mailbox.address;
    match mailbox.gmail.profile().await {
        Ok(profile) if profile.email.eq_ignore_ascii_case(address.as_str()) => {
            Finding::well(Code::GmailWell, at, format!("{address} can be read"))
        }
        Ok(_) => {
            let what = format!("the credentials of {address} open another mailbox");
            Finding::new(Code::GmailOtherMailbox, at, what, "connect it again, logged in as this address")
        }
        Err(error) => {
            let text = format!("{address}: {error}");
            match error {
                GoogleError::Revoked { .. } => {
                    let to_do =
                        "connect it again (docs/gmail.md); a consent screen in testing gives tokens of seven days";
                    trouble(&Trouble::Denied(text), REVOKED, &at, to_do)
                }
                GoogleError::Denied { .. }
                | GoogleError::HistoryGone
                | GoogleError::TooLarge { .. }
                | GoogleError::Unexpected { .. } => {
                    let to_do =
                        "switch the Gmail API on in the project, and give the scope gmail.readonly (docs/gmail.md)";
                    trouble(&Trouble::Denied(text), CODES, &at, to_do)
                }
                GoogleError::RateLimited { .. } | GoogleError::Unreachable { .. } => {
                    trouble(&Trouble::Busy(text), CODES, &at, "")
                }
            }
        }
    }
}
