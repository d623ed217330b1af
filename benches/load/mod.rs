//! Load as the platforms post it, and how it is posted: a realistic mix, proven as each source proves itself.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sales_engine::domain::event::Source;
use sales_engine::sources::settings::Secret;
use sales_engine::sources::signature::sign_standard;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uuid::Uuid;

/// What an answer of the engine must hold.
pub(crate) const APPLIED: &str = r#""outcome":"applied""#;

/// One webhook: 80 % sent, 10 % opens and clicks, 6 % replies of 1 to 20 kB, 4 % the rest; half of Smartlead, the rest of Instantly
/// and n8n.
pub(crate) fn payload(nth: usize, contacts: usize, late: usize) -> (Source, String) {
    let scattered = nth.wrapping_mul(0x9e37_79b9).wrapping_add(nth >> 3);
    let contact = scattered % contacts;
    let email = format!("p{contact}@example.com");
    let start: DateTime<Utc> = "2025-03-01T09:00:00Z".parse().unwrap();
    let is_late = late > 0 && nth % 100 < late;
    let at = start + TimeDelta::milliseconds(nth as i64 * 1_000) - TimeDelta::days(if is_late { 30 } else { 0 });
    let time = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let kind = ["email_sent", "email_opened", "link_clicked", "reply_received", "email_bounced", "unsubscribed"]
        [match nth % 97 {
            0..78 => 0,
            78..83 => 1,
            83..88 => 2,
            88..94 => 3,
            94..96 => 4,
            _ => 5,
        }];
    let id = format!("{nth:08x}-{contact}@acme.example");
    let mail = "Hello, may I ask a question about how you do it today? ".repeat(4);
    let answer = "Thank you, this is interesting. Tell me more about it, please. ".repeat(16 * (1 + nth % 19));
    // Each contact is in a campaign of one platform.
    let body = match contact % 10 {
        0..5 => {
            let (event, message) = match kind {
                "email_sent" => (
                    "EMAIL_SENT",
                    format!(r#""sent_message":{{"message_id":"<{id}>","text":"{mail}","html":"<p>{mail}</p>"}}"#),
                ),
                "email_opened" => ("EMAIL_OPEN", r#""open_count":1"#.to_owned()),
                "link_clicked" => ("EMAIL_LINK_CLICK", r#""link_details":["https://example.com/x"]"#.to_owned()),
                "reply_received" => {
                    ("EMAIL_REPLY", format!(r#""reply_message":{{"message_id":"<{id}>","text":"{answer}"}}"#))
                }
                // The only place where Smartlead tells when it bounced.
                "email_bounced" => {
                    ("EMAIL_BOUNCE", format!(r#""bounce_message":{{"message_id":"<b-{id}>","time":"{time}"}}"#))
                }
                _ => ("LEAD_UNSUBSCRIBED", r#""reason":"link""#.to_owned()),
            };
            let body = format!(
                r#"{{"event_type":"{event}","event_timestamp":"{time}","campaign_id":3623750,"campaign_name":"Autumn outreach",
                "campaign_status":"ACTIVE","sequence_number":1,"stats_id":"{nth:08x}-0b1b-4e5c-9c8b-5b9b6f5f0001",
                "sl_email_lead_id":"{contact}","sl_lead_email":"{email}","from_email":"sales@acme.example","to_email":"{email}",
                "to_name":"Ada Berg","subject":"A question about Example Ltd",{message},
                "app_url":"https://app.example.com/inbox?leadMap={nth}","secret_key":"smartlead-key-of-acme","webhook_id":512345}}"#
            );
            return (Source::Smartlead, body);
        }
        5..8 => {
            let (event, rest) = match kind {
                "email_sent" => {
                    ("email_sent", format!(r#""email_subject":"Quick question","email_html":"<p>{mail}</p>""#))
                }
                "email_opened" => ("email_opened", r#""step":1"#.to_owned()),
                "link_clicked" => ("link_clicked", r#""step":1"#.to_owned()),
                "reply_received" => ("reply_received", format!(r#""reply_subject":"Re","reply_text":"{answer}""#)),
                "email_bounced" => ("email_bounced", r#""step":1"#.to_owned()),
                _ => ("lead_unsubscribed", r#""step":1"#.to_owned()),
            };
            let body = format!(
                r#"{{"timestamp":"{time}","event_type":"{event}","workspace":"1b9d6bcd","campaign_id":"7c9e6679-7425-40de-944b-e07fc1f90ae7",
                "campaign_name":"Instantly autumn","lead_email":"{email}","email":"{email}","email_account":"sales@acme.example",
                "firstName":"Zoe","lastName":"Abel","companyName":"Sample Inc","email_id":"0192f3a0-{nth:012x}",{rest}}}"#
            );
            return (Source::Instantly, body);
        }
        _ => {
            let text = if kind == "reply_received" { &answer } else { &mail };
            format!(
                r#"{{"kind":"{kind}","email":"{email}","id":"{id}","message_id":"<{id}>","occurred_at":"{time}","campaign_id":"77",
                "subject":"A question","text":"{text}"}}"#
            )
        }
    };
    (Source::N8n, body)
}

/// The bytes of the request, proven as its source proves itself.
pub(crate) fn request((source, body): &(Source, String)) -> Vec<u8> {
    let (path, header) = match source {
        Source::Smartlead => ("/hooks/smartlead/acme?token=smartlead-token-of-acme", String::new()),
        Source::Instantly => ("/hooks/instantly/acme", "x-webhook-token: instantly-secret-of-acme\r\n".to_owned()),
        _ => {
            let now = Utc::now().timestamp();
            let id = format!("msg_{}", Uuid::new_v4().simple());
            let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
            let signature = sign_standard(&secret, &id, now, body.as_bytes()).unwrap();
            let headers = format!("webhook-id: {id}\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\n");
            ("/hooks/n8n/acme", headers)
        }
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{header}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub(crate) fn quantile(values: &mut [f64], at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * at) as usize]
}

/// One request on a kept connection; gives the milliseconds until its answer was whole, none where it was told to come again.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>, expected: &str) -> Option<f64> {
    let started = Instant::now();
    stream.write_all(request).await.unwrap();
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the service closed the connection");
        if let Some(head) = buffer.windows(4).position(|part| part == b"\r\n\r\n") {
            let text = std::str::from_utf8(&buffer[..head]).unwrap().to_ascii_lowercase();
            let length = text.split("content-length: ").nth(1).expect("a length").lines().next().unwrap();
            let whole = head + 4 + length.parse::<usize>().unwrap();
            if buffer.len() >= whole {
                let answer = std::str::from_utf8(&buffer[head..]).unwrap();
                if text.starts_with("http/1.1 503") && (text.contains("retry-after: ") || expected != APPLIED) {
                    return None;
                }
                assert!(text.starts_with("http/1.1 200") && answer.contains(expected), "{text}{answer}");
                return Some(started.elapsed().as_secs_f64() * 1_000.0);
            }
        }
    }
}

pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) times_ms: Vec<f64>,
    /// Answers 503; each of them was posted again until it was taken.
    pub(crate) refused: usize,
}

/// Whoever is told to come again does so after this time. Real platforms wait longer.
const AGAIN_MS: u64 = 1_000;

/// Closed loop: each connection posts as soon as it was answered. With a rate: open loop, each post at its own time, and waiting counts.
pub(crate) async fn drive(
    url: &str,
    requests: Arc<Vec<Vec<u8>>>,
    connections: usize,
    per_second: Option<f64>,
    expected: &'static str,
) -> Measured {
    let next = Arc::new(AtomicUsize::new(0));
    let address = url.trim_start_matches("http://").to_owned();
    let started = Instant::now();
    let posters: Vec<_> = (0..connections)
        .map(|_| {
            let (requests, next, address) = (Arc::clone(&requests), Arc::clone(&next), address.clone());
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(&address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (mut buffer, mut times, mut refused) = (Vec::new(), Vec::new(), 0);
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(nth) else { return (times, refused) };
                    let mut waited = 0.0;
                    if let Some(rate) = per_second {
                        let due = started + Duration::from_secs_f64(nth as f64 / rate);
                        tokio::time::sleep_until(due.into()).await;
                        waited = due.elapsed().as_secs_f64() * 1_000.0;
                    }
                    loop {
                        if let Some(time) = exchange(&mut stream, request, &mut buffer, expected).await {
                            times.push(waited + time);
                            break;
                        }
                        refused += 1;
                        tokio::time::sleep(Duration::from_millis(AGAIN_MS)).await;
                    }
                }
            })
        })
        .collect();
    let (mut times_ms, mut refused) = (Vec::new(), 0);
    for poster in posters {
        let (times, again) = poster.await.unwrap();
        times_ms.extend(times);
        refused += again;
    }
    Measured { per_second: requests.len() as f64 / started.elapsed().as_secs_f64(), times_ms, refused }
}

/// Seconds of processor time of a process; with `children`, of those it started that live.
pub(crate) fn cpu_seconds(pid: u32, children: bool) -> f64 {
    let of = |pid: u32| -> Option<(u32, f64)> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let ticks: f64 = fields[11].parse::<f64>().ok()? + fields[12].parse::<f64>().ok()?;
        Some((fields[1].parse().ok()?, ticks / 100.0))
    };
    if !children {
        return of(pid).map_or(0.0, |(_, seconds)| seconds);
    }
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(of)
        .filter(|(parent, _)| *parent == pid)
        .map(|(_, seconds)| seconds)
        .sum()
}
