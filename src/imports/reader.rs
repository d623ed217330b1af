//! The file itself: its encoding, its delimiter, its records; read on a thread of its own, in bounded memory.

use std::io::{self, BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// Rows handed over at once; each such part is one transaction.
pub(super) const ROWS_PER_PART: usize = 500;
/// Parts that wait while one is written.
const PARTS_WAITING_MAX: usize = 2;
/// A record longer than this is no record: a quote that is never closed must not read the whole file into memory.
const RECORD_BYTES_MAX: u64 = 1_048_576;
/// What the header line is looked for in, and what the reader may hold beyond a record.
const BUFFER_BYTES: usize = 65_536;

/// A record as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawRow {
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

pub(super) enum Part {
    Headers(Vec<String>),
    Rows {
        rows: Vec<RawRow>,
        bytes_read: u64,
    },
    /// Nothing more can be read; why.
    Unreadable(String),
}

/// Begins to read; the parts come in the order of the file.
pub(super) fn start(input: impl Read + Send + 'static) -> mpsc::Receiver<Part> {
    let (sender, receiver) = mpsc::channel(PARTS_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        if let Err(why) = read(input, &sender) {
            // Whoever asked may have gone away.
            drop(sender.blocking_send(Part::Unreadable(why)));
        }
    });
    receiver
}

fn read(input: impl Read, parts: &mpsc::Sender<Part>) -> Result<(), String> {
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let begin = input.fill_buf().map_err(|error| format!("the file can't be read: {error}"))?;
    if begin.starts_with(&[0xff, 0xfe]) || begin.starts_with(&[0xfe, 0xff]) {
        return Err("the file is UTF-16: save it as CSV UTF-8".to_owned());
    }
    if begin.starts_with(b"PK\x03\x04") {
        return Err("the file is a spreadsheet or an archive, not CSV: save it as CSV UTF-8".to_owned());
    }
    let has_mark = begin.starts_with(&[0xef, 0xbb, 0xbf]);
    if has_mark {
        input.consume(3);
    }
    let delimiter = delimiter(input.fill_buf().map_err(|error| format!("the file can't be read: {error}"))?);
    let begun_at = Arc::new(AtomicU64::new(0));
    let bounded = Bounded { input, read: 0, begun_at: Arc::clone(&begun_at) };
    let mut csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bounded);
    let mut record = csv::ByteRecord::new();
    let mut rows = Vec::with_capacity(ROWS_PER_PART);
    let mut has_headers = false;
    loop {
        match csv.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(format!("the file can't be read as CSV: {error}")),
        }
        let bytes_read = csv.position().byte();
        begun_at.store(bytes_read, Ordering::Relaxed);
        let cells: Vec<String> = record.iter().map(decoded).collect();
        if !has_headers {
            has_headers = true;
            let headers = cells.into_iter().map(|header| header.trim().to_owned()).collect();
            if parts.blocking_send(Part::Headers(headers)).is_err() {
                return Ok(());
            }
            continue;
        }
        rows.push(RawRow { line: record.position().map_or(0, csv::Position::line), cells });
        if rows.len() == ROWS_PER_PART {
            let part = Part::Rows { rows: std::mem::take(&mut rows), bytes_read };
            if parts.blocking_send(part).is_err() {
                return Ok(());
            }
        }
    }
    if !has_headers {
        return Err("the file is empty: its first line must name the columns".to_owned());
    }
    if !rows.is_empty() {
        drop(parts.blocking_send(Part::Rows { rows, bytes_read: csv.position().byte() }));
    }
    Ok(())
}

/// The delimiter that stands most often in the first line, outside of quotes.
fn delimiter(begin: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    let mut is_quoted = false;
    for byte in begin {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' | b'\r' if !is_quoted => break,
            byte if !is_quoted => {
                if let Some((_, count)) = counts.iter_mut().find(|(delimiter, _)| delimiter == byte) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    // Of equals the first: a comma where there is only one column.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
}

/// UTF-8, else Windows-1252, which spreadsheets write by themselves.
fn decoded(cell: &[u8]) -> String {
    match std::str::from_utf8(cell) {
        Ok(text) => text.to_owned(),
        Err(_not_utf8) => cell.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

/// The bytes from 0x80 to 0x9f (WHATWG Encoding, index windows-1252); the others are those of Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_1252(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|index| WINDOWS_1252.get(usize::from(index)));
    special.copied().unwrap_or(char::from(byte))
}

/// Ends with an error where one record is longer than a record may be.
struct Bounded<R> {
    input: R,
    read: u64,
    /// Where the record at hand began.
    begun_at: Arc<AtomicU64>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let begun_at = self.begun_at.load(Ordering::Relaxed);
        if self.read.saturating_sub(begun_at) > RECORD_BYTES_MAX {
            let text = format!("a row is longer than {RECORD_BYTES_MAX} bytes; is a quote not closed?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let count = self.input.read(buffer)?;
        self.read = self.read.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All parts of a file, as text.
    async fn parts(bytes: &[u8]) -> Vec<String> {
        let mut receiver = start(io::Cursor::new(bytes.to_vec()));
        let mut parts = Vec::new();
        while let Some(part) = receiver.recv().await {
            match part {
                Part::Headers(headers) => parts.push(format!("headers {}", headers.join("|"))),
                Part::Rows { rows, .. } => {
                    parts.extend(rows.iter().map(|row| format!("{} {}", row.line, row.cells.join("|"))));
                }
                Part::Unreadable(why) => parts.push(format!("unreadable {why}")),
            }
        }
        parts
    }

    #[tokio::test]
    async fn files_as_spreadsheets_write_them() {
        let unclosed = [b"email\n\"".as_slice(), &vec![b'x'; 3_000_000]].concat();
        let rows: &[(&str, &[u8], &[&str])] = &[
            ("plain", b"email,name\na@example.com,Ada\n", &["headers email|name", "2 a@example.com|Ada"]),
            ("a mark of UTF-8", b"\xef\xbb\xbfemail\na", &["headers email", "2 a"]),
            ("semicolons", b"email;name\na;b,c\n", &["headers email|name", "2 a|b,c"]),
            ("tabs", b"email\tname\na\tb", &["headers email|name", "2 a|b"]),
            ("a comma within quotes", b"\"name, full\";email\na;b", &["headers name, full|email", "2 a|b"]),
            ("line breaks within quotes", b"email,n\na,\"x\ny\"\nb,z", &["headers email|n", "2 a|x\ny", "4 b|z"]),
            ("ragged rows", b"a,b\n1\n1,2,3\n", &["headers a|b", "2 1", "3 1|2|3"]),
            ("Windows-1252", b"name\nJos\xe9 \x93x\x94\n", &["headers name", "2 José “x”"]),
            ("NUL", b"name\na\0b\n", &["headers name", "2 a\0b"]),
            ("only headers", b"email\n", &["headers email"]),
            ("nothing", b"", &["unreadable the file is empty: its first line must name the columns"]),
            ("UTF-16", b"\xff\xfee\0", &["unreadable the file is UTF-16: save it as CSV UTF-8"]),
            (
                "a spreadsheet",
                b"PK\x03\x04rest",
                &["unreadable the file is a spreadsheet or an archive, not CSV: save it as CSV UTF-8"],
            ),
        ];
        for (what, bytes, expected) in rows {
            assert_eq!(parts(bytes).await, *expected, "{what}");
        }
        let last = parts(&unclosed).await.pop().unwrap();
        assert!(last.contains("is a quote not closed?"), "{last}");
    }
}
