//! The address of a PostgreSQL database: what of it can serve, and what is wrong in words.

use crate::store::StoreError;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::str::FromStr as _;

const SHAPE: &str = "expected postgres://USER:PASSWORD@HOST:5432/DATABASE";
/// Supabase's and most other transaction poolers.
const POOLER_PORT: u16 = 6543;
const POOLER: &str = "is a transaction pooler: through one, statements of several clients can get each other's rows. Use the \
                      session pooler or the direct connection, port 5432";

/// No part of the address is repeated in a fault: it holds the password.
pub(super) fn parse(address: &str) -> Result<PgConnectOptions, StoreError> {
    let fail = |text: String| StoreError::Address(format!("database_url: {text}"));
    let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let names = |wanted: &[&str]| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| wanted.contains(name))
            .map(|(_, value)| value)
    };
    if says_pooler(address) {
        return Err(fail(format!("`pgbouncer=true` {POOLER} and take the word out")));
    }
    let options =
        PgConnectOptions::from_str(address).map_err(|error| fail(format!("it can't be read ({error}); {SHAPE}")))?;
    if options.get_port() == POOLER_PORT {
        return Err(fail(format!("port {POOLER_PORT} {POOLER}")));
    }
    if options.get_database().is_none() {
        return Err(fail(format!("it names no database; {SHAPE}")));
    }
    // sqlx would fall back to plain text without a word; over a network that takes saying so.
    let says_how = names(&["sslmode", "ssl-mode"]).is_some();
    let options = if says_how || is_local(&options) { options } else { options.ssl_mode(PgSslMode::Require) };
    let options = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("sales-engine"),
    };
    Ok(options.disable_statement_logging())
}

/// By its word or by its port.
pub(super) fn is_transaction_pooler(address: &str) -> bool {
    says_pooler(address) || PgConnectOptions::from_str(address).is_ok_and(|options| options.get_port() == POOLER_PORT)
}

fn says_pooler(address: &str) -> bool {
    let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .any(|(name, value)| name == "pgbouncer" && value != "false")
}

/// Whether a certificate must be of an authority that is known.
pub(super) fn is_verified(options: &PgConnectOptions) -> bool {
    matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull)
}

pub(super) fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Why the first connection could not be made, with what would be right.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is open; these are the faults of an address")]
pub(super) fn opening_fault(error: sqlx::Error, options: &PgConnectOptions) -> StoreError {
    let (host, port) = (options.get_host(), options.get_port());
    let user = options.get_username();
    let database = options.get_database().unwrap_or_default();
    let text = match &error {
        sqlx::Error::Database(fault) => match fault.code().as_deref() {
            Some("28P01") => format!("the password for the role `{user}` is wrong"),
            Some("28000") => format!(
                "the role `{user}` can't log in at {host}:{port}: {}. Make it (docs/postgres.md), or name another",
                fault.message()
            ),
            Some("3D000") => format!("the database `{database}` does not exist at {host}:{port}: CREATE DATABASE it"),
            // PgBouncer knows few of them.
            Some("08P01") if fault.message().contains("startup parameter") => format!(
                "the pooler at {host}:{port} lets nobody in ({}): it takes ignore_startup_parameters = extra_float_digits",
                fault.message()
            ),
            Some("42501") => format!("the role `{user}` may not: {}", fault.message()),
            _ => return super::fault(error),
        },
        sqlx::Error::Tls(cause) => no_tls(host, port, cause),
        // A certificate that does not hold comes as an I/O error with TLS's own inside.
        sqlx::Error::Io(cause) if cause.kind() == std::io::ErrorKind::InvalidData => no_tls(host, port, cause),
        sqlx::Error::PoolTimedOut => format!("nothing answers at {host}:{port}; is PostgreSQL running there?"),
        sqlx::Error::Io(cause) => format!("no connection to {host}:{port}: {cause}"),
        _ => return super::fault(error),
    };
    StoreError::Address(format!("database_url: {text}"))
}

fn no_tls(host: &str, port: u16, cause: &dyn std::fmt::Display) -> String {
    format!(
        "no TLS with {host}:{port} ({cause}). A server without TLS takes sslmode=disable; verify-full takes sslrootcert=FILE with \
         the server's own authority, and the name that is in its certificate"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_can_not_serve_is_told_why_and_never_shown() {
        for (description, address, part) in [
            ("Supabase's transaction pooler", "postgres://u:s3cret@h.pooler.supabase.com:6543/postgres", "port 5432"),
            ("a pooler by its word", "postgres://u:s3cret@h/d?pgbouncer=true", "session pooler"),
            ("no database", "postgres://u:s3cret@localhost", "names no database"),
            ("a port that is none", "postgres://u:s3cret@localhost:70000/d", "expected postgres://"),
            ("an unknown TLS mode", "postgres://u:s3cret@localhost/d?sslmode=maybe", "expected postgres://"),
        ] {
            match parse(address) {
                Err(StoreError::Address(text)) => {
                    assert!(text.contains(part), "{description}: {text}");
                    assert!(!text.contains("s3cret"), "{description}: {text}");
                }
                other => panic!("{description}: {other:?}"),
            }
        }
    }

    #[test]
    fn over_a_network_tls_is_required_unless_the_address_says_otherwise() {
        for (address, required) in [
            ("postgres://u@db.example.com/d", true),
            ("postgres://u@10.0.0.7/d", true),
            ("postgres://u@localhost/d", false),
            ("postgres://u@127.0.0.1/d", false),
            ("postgres://u@[::1]/d", false),
            ("postgres://u@db.example.com/d?sslmode=disable", false),
        ] {
            let mode = parse(address).unwrap().get_ssl_mode();
            assert_eq!(matches!(mode, PgSslMode::Require), required, "{address}: {mode:?}");
        }
    }
}
