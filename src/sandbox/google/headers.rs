//! The head of a mail, as far as a mailbox must know it (RFC 5322).

const HEAD_BYTES_MAX: usize = 262_144;
const REPLY_WORDS: [&str; 9] = ["re:", "fwd:", "fw:", "aw:", "wg:", "sv:", "antw:", "tr:", "r:"];

/// Names and values in their order, unfolded.
pub(super) fn headers(raw: &[u8]) -> Vec<(String, String)> {
    let head = String::from_utf8_lossy(raw.get(..HEAD_BYTES_MAX).unwrap_or(raw));
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    headers
}

pub(super) fn first<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The message ids in a header, with their angle brackets.
pub(super) fn message_ids(value: &str) -> Vec<String> {
    value.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(id, _)| format!("<{id}>")).collect()
}

/// Without what answering and forwarding put before it.
pub(super) fn base_subject(subject: &str) -> String {
    let mut rest = subject.trim().to_lowercase();
    while let Some(shorter) = REPLY_WORDS.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = shorter.trim_start().to_owned();
    }
    rest
}

/// Where the body begins.
pub(super) fn body(raw: &[u8]) -> &[u8] {
    let blank = raw.windows(2).position(|pair| pair == b"\n\n").map(|at| at + 2);
    let blank_crlf = raw.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let at = blank.into_iter().chain(blank_crlf).min();
    at.and_then(|at| raw.get(at..)).unwrap_or_default()
}
