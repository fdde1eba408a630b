//! Connecting, in clear over a local socket and by TLS where the URL asks for it.
use std::sync::Arc;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use tokio_postgres::config::SslMode;

/// Opens one connection. `sslmode=require` and stronger use rustls with the roots of the web's authorities.
pub async fn connect(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let config: tokio_postgres::Config =
        url.parse().map_err(|error: tokio_postgres::Error| ConnectionError::InvalidConnectionUrl(error.to_string()))?;
    if matches!(config.get_ssl_mode(), SslMode::Disable | SslMode::Prefer) {
        return AsyncPgConnection::establish(url).await;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectionError::BadConnection(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (client, connection) = config
        .connect(tokio_postgres_rustls::MakeRustlsConnect::new(tls))
        .await
        .map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await
}
