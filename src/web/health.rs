//! Whether this process lives, and whether it can answer.
use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::router::Web;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// `/healthz`: the process lives. Nothing else is asked, so that a database that is away restarts no server.
pub async fn alive() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// `/readyz`: requests can be answered.
pub async fn ready(State(web): State<Arc<Web>>) -> Response {
    if web.stop.is_cancelled() {
        return unready("stopping", "this server is about to stop");
    }
    match tokio::time::timeout(PATIENCE, web.schema.door().ping()).await {
        Ok(Ok(())) => {
            let pool = web.schema.door().pool_status();
            let pool = json!({ "size": pool.size, "idle": pool.available, "waiting": pool.waiting });
            Json(json!({ "status": "ready", "database": pool })).into_response()
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            unready("unready", "the database cannot be reached")
        }
        Err(_) => unready("unready", "the database does not answer"),
    }
}

fn unready(status: &str, reason: &str) -> Response {
    let body = Json(json!({ "status": status, "reason": reason }));
    (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")], body).into_response()
}
