//! One connection to PostgreSQL from an address: plain over a unix socket, else with TLS where the server offers it
//! (`sslmode=require` insists), trusting the public certificate authorities.
use anyhow::{Context, Result};
use diesel_async::AsyncPgConnection;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connects. The error names the server, never the password.
pub async fn connect(url: &str) -> Result<AsyncPgConnection> {
    let config = config(url)?;
    open(&config).await.with_context(|| unreachable(&config))
}

/// Connects without diesel, for what it cannot do: COPY.
pub async fn client(url: &str) -> Result<Client> {
    let config = config(url)?;
    open_client(&config).await.with_context(|| unreachable(&config))
}

fn config(url: &str) -> Result<Config> {
    let mut config: Config = url.parse().context(
        "the address of the database cannot be read: it should look like postgresql://user:password@host:5432/database",
    )?;
    config.application_name("portico");
    Ok(config)
}

fn unreachable(config: &Config) -> String {
    format!("PostgreSQL at {} cannot be reached", place(config))
}

async fn open(config: &Config) -> Result<AsyncPgConnection> {
    if is_local(config) {
        let (client, connection) = config.connect(NoTls).await?;
        return Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?);
    }
    let (client, connection) = config.connect(MakeRustlsConnect::with_webpki_roots()).await?;
    Ok(AsyncPgConnection::try_from_client_and_connection(client, connection).await?)
}

async fn open_client(config: &Config) -> Result<Client> {
    if is_local(config) {
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let (client, connection) = config.connect(MakeRustlsConnect::with_webpki_roots()).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
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
