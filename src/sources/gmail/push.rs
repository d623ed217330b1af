//! What a push says: the message of Pub/Sub around Gmail's, or Gmail's alone (`noWrapper`).

use crate::domain::ids::Email;
use crate::sources::json::{self, Object};
use crate::sources::signature::header;
use crate::sources::{Malformed, Request};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// Google pads, others don't.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Which mailbox has something to tell.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Push {
    pub mailbox: Email,
    /// Only a hint: pushes come late, repeated and out of order.
    pub history_id: Option<u64>,
}

pub fn read(request: &Request<'_>) -> Result<Push, Malformed> {
    if header(request, "x-goog-version") == Some("v1beta1") {
        return Err(v1beta1());
    }
    let Value::Object(body) = json::parse(request.body)? else {
        return Err(Malformed("a push of Pub/Sub must be a JSON object".to_owned()));
    };
    match body.get("message") {
        Some(Value::Object(message)) => {
            // The format of v1beta1 had a list of labels in the place of attributes.
            if message.contains_key("label") {
                return Err(v1beta1());
            }
            let data =
                Object(message).text(&["data"]).ok_or_else(|| Malformed("`message.data` is missing".to_owned()))?;
            let data = decode(&data).ok_or_else(|| Malformed("`message.data` is no base64".to_owned()))?;
            match json::parse(&data) {
                Ok(Value::Object(notice)) => notice_of(&notice),
                Ok(_) | Err(_) => Err(Malformed("`message.data` holds no JSON object".to_owned())),
            }
        }
        Some(_) => Err(Malformed("`message` must be a JSON object".to_owned())),
        None => notice_of(&body),
    }
}

fn v1beta1() -> Malformed {
    Malformed("pushes in the format v1beta1 are not read: take `x-goog-version` off the subscription".to_owned())
}

fn notice_of(notice: &Map<String, Value>) -> Result<Push, Malformed> {
    let notice = Object(notice);
    let mailbox = notice
        .email(&["emailAddress", "email_address"])
        .ok_or_else(|| Malformed("`emailAddress` is missing: no notice of Gmail's".to_owned()))?;
    let history_id = notice.text(&["historyId", "history_id"]).and_then(|text| text.parse().ok());
    Ok(Push { mailbox, history_id })
}

/// Both alphabets (RFC 4648 4 and 5), with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let plain: String = text
        .chars()
        .filter(|c| *c != '=' && !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    LENIENT.decode(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ClientId;
    use base64::engine::general_purpose::{STANDARD as PADDED, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use chrono::DateTime;
    use proptest::prelude::*;

    fn read_with(headers: &[(&str, &str)], body: &[u8]) -> Result<Push, Malformed> {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let client_id = ClientId::agency();
        read(&Request { client_id: &client_id, query: "", headers: &headers, body, received_at: DateTime::UNIX_EPOCH })
    }

    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);

    #[test]
    fn what_is_no_push_is_told_why() {
        let rows: &[Row<'_>] = &[
            ("empty", &[], "", "empty"),
            ("no JSON", &[], "{", "not JSON"),
            ("a list", &[], "[]", "JSON object"),
            ("another topic's message", &[], r#"{"message":{"data":"e30="}}"#, "emailAddress"),
            ("no data", &[], r#"{"message":{"messageId":"1"}}"#, "message.data"),
            ("data that is no base64", &[], r#"{"message":{"data":"%%%"}}"#, "base64"),
            ("data that is no JSON", &[], r#"{"message":{"data":"aGVsbG8="}}"#, "JSON object"),
            ("a message that is none", &[], r#"{"message":"hello"}"#, "JSON object"),
            ("no address", &[], r#"{"emailAddress":"nobody","historyId":"1"}"#, "emailAddress"),
            (
                "the old format by its header",
                &[("x-goog-version", "v1beta1")],
                r#"{"emailAddress":"a@example.com"}"#,
                "v1beta1",
            ),
            (
                "the old format by its labels",
                &[],
                r#"{"message":{"data":"e30=","label":[]},"subscription":"/s/1"}"#,
                "v1beta1",
            ),
        ];
        for (what, headers, body, expected) in rows {
            let Malformed(reason) = read_with(headers, body.as_bytes()).unwrap_err();
            assert!(reason.contains(expected), "{what}: {reason}");
        }
    }

    #[test]
    fn a_history_id_that_is_none_is_no_hint() {
        for id in [r#""x""#, "-1", "1.5", "null", "[]", r#""18446744073709551616""#] {
            let body = format!(r#"{{"emailAddress":"a@example.com","historyId":{id}}}"#);
            assert_eq!(read_with(&[], body.as_bytes()).unwrap().history_id, None, "{id}");
        }
    }

    proptest! {
        #[test]
        fn both_alphabets_are_read_with_and_without_padding(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for encoded in [PADDED.encode(&bytes), STANDARD_NO_PAD.encode(&bytes), URL_SAFE.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
                prop_assert_eq!(decode(&encoded), Some(bytes.clone()));
            }
        }

        #[test]
        fn no_body_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), data in ".{0,60}") {
            drop(read_with(&[], &bytes));
            drop(read_with(&[], serde_json::json!({ "message": { "data": data } }).to_string().as_bytes()));
        }

        #[test]
        fn every_history_id_is_read_as_number_and_as_text(id: u64) {
            for id_text in [id.to_string(), format!("\"{id}\"")] {
                let body = format!(r#"{{"emailAddress":"A@Example.com","historyId":{id_text}}}"#);
                let push = read_with(&[], body.as_bytes()).unwrap();
                prop_assert_eq!((push.mailbox.as_str(), push.history_id), ("a@example.com", Some(id)));
            }
        }
    }
}
