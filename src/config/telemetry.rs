//! `[telemetry]`: where traces go.

use super::tree::Section;
use crate::sources::settings::Secret;

/// The second of each is OpenTelemetry's own, which many set for all their programs.
const ENDPOINT: [&str; 2] = ["SALES_ENGINE_TELEMETRY_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const HEADERS: [&str; 2] = ["SALES_ENGINE_TELEMETRY_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const SERVICE_NAME: [&str; 2] = ["SALES_ENGINE_TELEMETRY_SERVICE_NAME", "OTEL_SERVICE_NAME"];
const RATIO: [&str; 1] = ["SALES_ENGINE_TELEMETRY_TRACE_RATIO"];
/// They are the request's own.
const RESERVED: [&str; 5] = ["host", "content-type", "content-length", "transfer-encoding", "connection"];

#[derive(Debug, Clone)]
pub struct TelemetryConfig {
    /// The collector's base, behind which `/v1/traces` is put.
    pub otlp_endpoint: String,
    /// What a vendor wants to know its customer by.
    pub otlp_headers: Vec<(String, Secret)>,
    pub service_name: String,
    /// Of the traces that begin here, how many are kept.
    pub trace_ratio: f64,
}

pub(super) fn telemetry(top: &mut Section<'_>) -> Option<TelemetryConfig> {
    let mut section = top.section_or_env("telemetry", &ENDPOINT)?;
    let endpoint = section.text("otlp_endpoint", &ENDPOINT);
    let headers = section.text("otlp_headers", &HEADERS).unwrap_or_default();
    let service_name = section.text("service_name", &SERVICE_NAME).unwrap_or_else(|| "sales-engine".to_owned());
    let ratio = section.ratio("trace_ratio", &RATIO);
    match &endpoint {
        None => section.fault("otlp_endpoint", "is missing; set it or SALES_ENGINE_TELEMETRY_OTLP_ENDPOINT"),
        Some(url) if !is_base(url) => {
            section.fault(
                "otlp_endpoint",
                "must be a collector's base like http://127.0.0.1:4318 (/v1/traces is put behind it)",
            );
        }
        Some(_) => {}
    }
    let headers = match parsed(&headers) {
        Ok(headers) => headers,
        Err(what) => {
            section.fault("otlp_headers", what);
            Vec::new()
        }
    };
    if service_name.trim().is_empty() {
        section.fault("service_name", "must not be empty");
    }
    section.finish();
    Some(TelemetryConfig {
        otlp_endpoint: endpoint?.trim_end_matches('/').to_owned(),
        otlp_headers: headers,
        service_name,
        trace_ratio: ratio.unwrap_or(1.0),
    })
}

/// A name and password in it would be a secret where none is looked for; a query could not stand before a path.
fn is_base(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let is_plain = !rest.contains(['@', '?', '#']) && !rest.contains(char::is_whitespace);
    !rest.is_empty() && !rest.starts_with('/') && is_plain && !rest.trim_end_matches('/').ends_with("/v1/traces")
}

/// `name=value,name=value`, the values percent-encoded, as OpenTelemetry writes them. No fault repeats a value.
fn parsed(text: &str) -> Result<Vec<(String, Secret)>, &'static str> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').ok_or("must be name=value, several separated by commas")?;
        let name = name.trim().to_ascii_lowercase();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err("holds a name that is none of a header");
        }
        if RESERVED.contains(&name.as_str()) {
            return Err("holds a header that the request sets itself");
        }
        let value = decoded(value.trim()).ok_or("holds a value whose %XX can't be read")?;
        if value.is_empty() || !value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return Err("holds a value that can't be sent: it is empty, or has other than printable ASCII characters");
        }
        Ok((name, Secret::new(value)))
    };
    pairs.map(pair).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok().filter(|_| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use crate::config::{ConfigFaults, load};

    #[test]
    fn keys_defaults_and_variables() {
        assert!(load(None, &|_| None).unwrap().telemetry.is_none());
        let text = "[telemetry]\notlp_endpoint = \"https://api.example.com/otlp/\"\n\
                    otlp_headers = \"x-team=abc%3D%2C1, Authorization=Basic%20dTpw\"\ntrace_ratio = 0.25\n";
        let telemetry = load(Some(("t.toml", text)), &|_| None).unwrap().telemetry.unwrap();
        assert_eq!(telemetry.otlp_endpoint, "https://api.example.com/otlp");
        let headers: Vec<_> =
            telemetry.otlp_headers.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
        assert_eq!(headers, [("x-team", "abc=,1"), ("authorization", "Basic dTpw")]);
        assert_eq!((telemetry.service_name.as_str(), telemetry.trace_ratio), ("sales-engine", 0.25));
        assert!(!format!("{telemetry:?}").contains("dTpw"));

        let env = |name: &str| {
            let value = match name {
                "OTEL_EXPORTER_OTLP_ENDPOINT" => "http://127.0.0.1:4318",
                "OTEL_EXPORTER_OTLP_HEADERS" => "x-a=1",
                "OTEL_SERVICE_NAME" => "sales",
                "SALES_ENGINE_TELEMETRY_TRACE_RATIO" => "0",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let telemetry = load(None, &env).unwrap().telemetry.unwrap();
        assert_eq!(
            (telemetry.otlp_endpoint.as_str(), telemetry.service_name.as_str()),
            ("http://127.0.0.1:4318", "sales")
        );
        assert_eq!((telemetry.otlp_headers.len(), telemetry.trace_ratio), (1, 0.0));
        let only_headers = |name: &str| (name == "OTEL_EXPORTER_OTLP_HEADERS").then(|| "x-a=1".to_owned());
        assert!(load(None, &only_headers).unwrap().telemetry.is_none(), "headers alone switch nothing on");
    }

    #[test]
    fn all_faults_at_once_and_no_value_repeated() {
        let text = "[telemetry]\notlp_endpoint = \"localhost:4318\"\notlp_headers = \"sesame-of-the-vendor\"\n\
                    trace_ratio = 7\nservice_name = \"\"\nendpoint = \"x\"\n";
        let ConfigFaults(faults) = load(Some(("t.toml", text)), &|_| None).unwrap_err();
        let faults = faults.join("\n");
        for expected in [
            "t.toml:2: `telemetry.otlp_endpoint` must be a collector's base",
            "t.toml:3: `telemetry.otlp_headers` must be name=value",
            "t.toml:4: `telemetry.trace_ratio` must be a number from 0.0 to 1.0",
            "t.toml:5: `telemetry.service_name` must not be empty",
            "t.toml:6: `telemetry.endpoint` is unknown",
        ] {
            assert!(faults.contains(expected), "{expected} in {faults}");
        }
        assert!(!faults.contains("sesame"), "{faults}");
        let of = |key: &str, value: &str| {
            let text = format!("[telemetry]\notlp_endpoint = \"http://127.0.0.1:4318\"\n{key} = {value}\n");
            load(Some(("t.toml", &text)), &|_| None).unwrap_err().0
        };
        for bad in ["a b=c", "x=", "x=%zz", "x=%1", "content-type=text/plain", "x=ä", "x=a%0Ab"] {
            assert_eq!(of("otlp_headers", &format!("\"{bad}\"")).len(), 1, "{bad}");
        }
        for bad in ["-0.1", "1.01", "nan", "\"half\""] {
            assert_eq!(of("trace_ratio", bad).len(), 1, "{bad}");
        }
        for bad in
            ["https://", "https://a@b.example", "http://b.example/v1/traces", "http://b.example/?x", "ftp://b.example"]
        {
            let text = format!("[telemetry]\notlp_endpoint = \"{bad}\"\n");
            assert_eq!(load(Some(("t.toml", &text)), &|_| None).unwrap_err().0.len(), 1, "{bad}");
        }
        let ConfigFaults(alone) = load(Some(("t.toml", "[telemetry]\n")), &|_| None).unwrap_err();
        assert_eq!(
            alone,
            ["t.toml: `telemetry.otlp_endpoint` is missing; set it or SALES_ENGINE_TELEMETRY_OTLP_ENDPOINT"]
        );
    }
}
