//! The limit behind HTTP: a handler that runs one prepared statement and sends on the JSON that it gives.
use std::sync::Arc;

use anyhow::Result;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

use crate::{
    system::Limit,
    work::{ALL, Turn},
};

/// As many connections as the server has by default.
pub const CONNECTIONS: usize = 16;

struct Front {
    free: Semaphore,
    idle: Mutex<Vec<Limit>>,
}

/// Serves until the process is told to end; the first line printed is its address.
pub async fn serve(url: &str) -> Result<()> {
    let mut idle = Vec::new();
    for _ in 0..CONNECTIONS {
        idle.push(Limit::open(url).await?);
    }
    let front = Arc::new(Front { free: Semaphore::new(CONNECTIONS), idle: Mutex::new(idle) });
    let router = Router::new()
        .route("/{work}/{organization}/{key}/{person}/{version}", post(answer))
        .with_state(front);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

async fn answer(
    State(front): State<Arc<Front>>,
    Path((work, organization, key, person, version)): Path<(String, Uuid, Uuid, Uuid, i32)>,
    text: String,
) -> Response {
    let Some(work) = ALL.iter().find(|one| one.name == work) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let turn = Turn { organization, person, token: String::new(), key, text, version };
    let Ok(_free) = front.free.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let Some(limit) = front.idle.lock().await.pop() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let answered = limit.ask(work, &turn).await;
    front.idle.lock().await.push(limit);
    match answered {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}
