//! `healthcheck`: asks the service that runs with this configuration whether it is well. A container without a shell has nothing else
//! to ask with.

use crate::config::Config;
use crate::services::health;
use anyhow::Context as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

pub(super) async fn run(config: &Config, ready: bool) -> anyhow::Result<ExitCode> {
    let url = format!("http://{}/{}", reached_at(config.listen), if ready { "readyz" } else { "healthz" });
    let status = health::status(&url).await.context("no answer")?;
    anyhow::ensure!(status == 200, "{url} answers {status}");
    Ok(ExitCode::SUCCESS)
}

/// Who listens everywhere is asked on this machine.
fn reached_at(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => listen.ip(),
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("192.0.2.7:81", "192.0.2.7:81"),
        ] {
            assert_eq!(reached_at(listen.parse().unwrap()).to_string(), asked);
        }
    }
}
