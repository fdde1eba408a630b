//! Requests that the server makes itself, to addresses that people have named and that may lead anywhere.
//!
//! Only HTTPS, only to addresses of the public internet, and only to the very address that was looked at: names are
//! resolved here, literals are looked at before. No redirect is followed, no proxy is asked, and every answer has an end.
mod address;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use tokio::sync::OnceCell;
use url::Host;

use crate::language::Said;

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is read.
const LONGEST: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Address(Said),
    #[error("no answer: {0}")]
    Request(#[from] reqwest::Error),
    #[error("the answer is longer than {LONGEST} bytes")]
    Length,
    #[error("the answer makes no sense: {0}")]
    Answer(#[from] http::Error),
}

/// Asks others.
#[derive(Clone, Default)]
pub struct Outbound {
    client: Arc<OnceCell<Client>>,
    /// Addresses of private networks may be asked too, and this machine without TLS.
    private: bool,
}

impl Outbound {
    pub fn new(private: bool) -> Self {
        Self { client: Arc::default(), private }
    }

    /// Refused where an address must not be asked, as far as it says so itself.
    pub fn permits(&self, address: &str) -> Result<(), Said> {
        let refused = || forbidden(address);
        let url = Url::parse(address).ok().ok_or_else(refused)?;
        let host = url.host().ok_or_else(refused)?.to_owned();
        let literal = match &host {
            Host::Ipv4(ip) => Some((*ip).into()),
            Host::Ipv6(ip) => Some((*ip).into()),
            Host::Domain(_) => None,
        };
        let here = self.private && literal.is_some_and(|ip: std::net::IpAddr| ip.is_loopback());
        let secret = url.scheme() == "https" || url.scheme() == "http" && here;
        let named = url.username().is_empty() && url.password().is_none();
        let open = self.private || literal.is_none_or(address::is_public);
        if secret && named && open { Ok(()) } else { Err(refused()) }
    }

    /// The answer to a request.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Failure> {
        self.permits(&request.uri().to_string()).map_err(Failure::Address)?;
        let client = self.client.get_or_try_init(|| async { client(self.private) }).await?;
        let mut answer = client.execute(request.try_into()?).await?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await? {
            if body.len() + part.len() > LONGEST {
                return Err(Failure::Length);
            }
            body.extend_from_slice(&part);
        }
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = std::mem::take(answer.headers_mut());
        }
        Ok(response.body(body)?)
    }
}

fn client(private: bool) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .user_agent(concat!("portico/", env!("CARGO_PKG_VERSION")));
    if !private {
        builder = builder.dns_resolver(Arc::new(PublicOnly)).https_only(true);
    }
    builder.build()
}

fn forbidden(address: &str) -> Said {
    say!(
        "{address} is no address that this server may ask: it takes https and an address of the public internet"
    )
}

/// Knows public addresses only, whatever a name stands for.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| address::is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(Failure::Address(forbidden(name.as_str())).into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_inside_is_not_asked() {
        let (strict, private) = (Outbound::new(false), Outbound::new(true));
        for inside in [
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.1/",
            "https://192.168.1.1:8443/",
            "https://user:password@example.com/",
            "example.com",
            "",
        ] {
            assert!(strict.permits(inside).is_err(), "{inside}");
        }
        assert!(strict.permits("https://login.example.com/x").is_ok());
        assert!(strict.permits("https://93.184.216.34/").is_ok());
        assert!(private.permits("http://127.0.0.1:9000/").is_ok());
        assert!(private.permits("https://10.0.0.1/").is_ok());
        assert!(private.permits("http://10.0.0.1/").is_err());
        assert!(private.permits("http://example.com/").is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_asked() {
        let request = Request::get("https://localhost:1/").body(Vec::new()).unwrap();
        assert!(matches!(Outbound::new(false).send(request).await, Err(Failure::Request(_))));
        let name: Name = "localhost".parse().unwrap();
        assert!(PublicOnly.resolve(name).await.is_err());
    }
}
