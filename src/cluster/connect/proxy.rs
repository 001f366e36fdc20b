//! Whether a proxy stands before the server: the cluster's own, else that of the environment unless
//! `NO_PROXY` names the server.

use std::net::IpAddr;

use http::Uri;

/// The proxy for a server; an error is a proxy that is no URL.
pub(super) fn of_server(
    server: &Uri,
    of_cluster: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, String> {
    let get = |name: &str| {
        variable(name)
            .or_else(|| variable(&name.to_lowercase()))
            .filter(|v| !v.is_empty())
    };
    let parse = |text: &str| {
        let text = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        text.parse::<Uri>().map_err(|_| text)
    };
    if let Some(own) = of_cluster.filter(|p| !p.is_empty()) {
        return parse(own).map(Some);
    }
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    let name = if server.scheme_str() == Some("http") {
        "HTTP_PROXY"
    } else {
        "HTTPS_PROXY"
    };
    let Some(proxy) = get(name) else {
        return Ok(None);
    };
    if is_local(host) || get("NO_PROXY").is_some_and(|list| excluded(host, &list)) {
        return Ok(None);
    }
    parse(&proxy).map(Some)
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The entries are host names (with all below them), names that begin with a dot or `*.` (only what is
/// below), addresses, and blocks of addresses.
fn excluded(host: &str, list: &str) -> bool {
    let address = host.parse::<IpAddr>().ok();
    list.split(',').map(str::trim).any(|entry| {
        let entry = entry.rsplit_once(':').map_or(entry, |(name, port)| {
            let is_port = !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit());
            if is_port { name } else { entry }
        });
        if entry == "*" {
            return true;
        }
        if let (Some(address), Some((block, length))) = (address, entry.split_once('/')) {
            return within(address, block, length);
        }
        if let (Some(address), Ok(other)) = (address, entry.parse::<IpAddr>()) {
            return address == other;
        }
        let entry = entry.strip_prefix('*').unwrap_or(entry).to_lowercase();
        let host = host.to_lowercase();
        match entry.strip_prefix('.') {
            Some(_) => host.ends_with(&entry),
            None => {
                !entry.is_empty()
                    && (host == entry
                        || host.strip_suffix(&entry).is_some_and(|h| h.ends_with('.')))
            }
        }
    })
}

fn within(address: IpAddr, block: &str, length: &str) -> bool {
    let (Ok(block), Ok(length)) = (block.parse::<IpAddr>(), length.parse::<u32>()) else {
        return false;
    };
    let (a, b, bits) = match (address, block) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    length <= bits && (length == 0 || (a >> (bits - length)) == (b >> (bits - length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_environment_says() {
        for (server, own, https, no, want) in [
            ("https://api.example.com:6443", None, None, None, None),
            (
                "https://api.example.com:6443",
                None,
                Some("http://p:1"),
                None,
                Some("http://p:1/"),
            ),
            (
                "https://api.example.com:6443",
                None,
                Some("p:1"),
                None,
                Some("http://p:1/"),
            ),
            (
                "https://api.example.com:6443",
                None,
                Some("http://p:1"),
                Some("example.com"),
                None,
            ),
            (
                "https://api.example.com:6443",
                None,
                Some("http://p:1"),
                Some(".example.com"),
                None,
            ),
            (
                "https://example.com",
                None,
                Some("http://p:1"),
                Some(".example.com"),
                Some("http://p:1/"),
            ),
            (
                "https://badexample.com",
                None,
                Some("http://p:1"),
                Some("example.com"),
                Some("http://p:1/"),
            ),
            (
                "https://10.2.3.4:6443",
                None,
                Some("http://p:1"),
                Some("x, 10.0.0.0/8"),
                None,
            ),
            (
                "https://11.2.3.4:6443",
                None,
                Some("http://p:1"),
                Some("10.0.0.0/8"),
                Some("http://p:1/"),
            ),
            (
                "https://127.0.0.1:6443",
                None,
                Some("http://p:1"),
                None,
                None,
            ),
            (
                "https://api.example.com",
                Some("socks5://s:2"),
                Some("http://p:1"),
                Some("*"),
                Some("socks5://s:2/"),
            ),
            (
                "https://api.example.com",
                None,
                Some("http://p:1"),
                Some("*"),
                None,
            ),
        ] {
            let variable = |name: &str| match name {
                "HTTPS_PROXY" => https.map(str::to_owned),
                "NO_PROXY" => no.map(str::to_owned),
                _ => None,
            };
            let found = of_server(&server.parse().unwrap(), own, variable).unwrap();
            assert_eq!(
                found.map(|u| u.to_string()).as_deref(),
                want,
                "{server} {own:?} {https:?} {no:?}"
            );
        }
    }
}
