//! Takes connections, and at the end lets go of them in order: no new ones, running requests finish, sockets are
//! told to come back elsewhere.
use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{
    caller::ReadCredential,
    figures,
    router::{Web, router},
};
use crate::{graph::schema::Schema, settings::Settings};

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// What the playground may know of the demo, as JSON, made anew for each reader.
pub type Demo = Arc<dyn Fn() -> serde_json::Value + Send + Sync>;

/// What a server is made from.
#[derive(Clone)]
pub struct Parts {
    pub schema: Schema,
    pub settings: Arc<Settings>,
    pub read_credential: ReadCredential,
    pub demo: Demo,
}

/// A server that runs. Dropping it stops it at once.
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on the address of the settings.
    pub async fn start(parts: Parts) -> io::Result<Self> {
        let listener = TcpListener::bind(parts.settings.listen).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let web = Arc::new(Web::new(parts, stop.clone()));
        let recording = figures::record();
        let task = tokio::spawn(run(listener, web, recording, stop.clone()));
        Ok(Self { address, stop, task: Some(task) })
    }

    /// Where it listens: the port that was given where the settings ask for any.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends within the grace period of the settings, cutting what still runs then.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // a panic of that task has been logged where it happened
            drop(task.await);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn run(
    listener: TcpListener,
    web: Arc<Web>,
    recording: impl Future<Output = ()>,
    stop: CancellationToken,
) {
    let grace = Duration::from_millis(web.settings.shutdown_grace_ms);
    let service = router(web.clone());
    let mut connections = JoinSet::new();
    tokio::pin!(recording);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, service.clone(), stop.clone()));
                }
                // too many open files: those that close make room
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_ended) = connections.join_next() => {}
            () = &mut recording => {}
        }
    }
    drop(listener);
    web.sockets.close();
    let finished = async {
        web.sockets.wait().await;
        while connections.join_next().await.is_some() {}
    };
    if tokio::time::timeout(grace, finished).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            sockets = web.sockets.len(),
            "cut after the grace period"
        );
    }
    if let Some(exporter) = &web.exporter {
        drop(tokio::time::timeout(grace, exporter.flush()).await);
    }
}

/// Serves one connection until either side has had enough, or the server stops and its last request is answered.
async fn connection(stream: TcpStream, peer: SocketAddr, service: Router, stop: CancellationToken) {
    // answers are written whole: waiting for more only delays them
    drop(stream.set_nodelay(true));
    let service = service.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).enable_connect_protocol();
    let connection =
        builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%peer, error, "a connection broke");
    }
}
