//! One connection to PostgreSQL from an address: plain over a unix socket, else with TLS where the server offers it
//! (`sslmode=require` insists), trusting the public certificate authorities.
use anyhow::{Context, Result};
use diesel_async::AsyncPgConnection;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connects. The error names the server, never the password.
pub async fn connect(url: &str) -> Result<AsyncPgConnection> {
    let mut config: Config = url.parse().context("the address of the database cannot be read")?;
    config.application_name("portico");
    let place = place(&config);
    open(&config).await.with_context(|| format!("PostgreSQL at {place} cannot be reached"))
}

async fn open(config: &Config) -> Result<AsyncPgConnection> {
    let local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
    if local {
        let (client, connection) = config.connect(NoTls).await?;
        return Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?);
    }
    let (client, connection) = config.connect(MakeRustlsConnect::with_webpki_roots()).await?;
    Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?)
}

fn place(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    });
    let hosts: Vec<String> = hosts.collect();
    let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
    format!("{}:{}", hosts.join(","), if ports.is_empty() { "5432".to_owned() } else { ports.join(",") })
}
