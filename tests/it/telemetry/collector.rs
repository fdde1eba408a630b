//! A collector of OpenTelemetry, as far as it takes spans by OTLP over HTTP.
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::header, response::IntoResponse, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{KeyValue, any_value::Value as Any},
    trace::v1::Span,
};
use prost::Message;
use serde_json::{Value, json};

#[derive(Clone, Default)]
struct Got(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

pub struct Collector {
    address: SocketAddr,
    got: Got,
}

impl Collector {
    pub async fn open() -> Self {
        let got = Got::default();
        let router = Router::new().route("/v1/traces", post(take)).with_state(got.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, got }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that has come.
    pub fn spans(&self) -> Vec<Span> {
        let got = self.got.0.lock().unwrap();
        let resources = got.iter().flat_map(|request| &request.resource_spans);
        resources.flat_map(|resource| &resource.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Who has sent it.
    pub fn services(&self) -> Vec<String> {
        let got = self.got.0.lock().unwrap();
        let resources = got.iter().flat_map(|request| &request.resource_spans);
        let attributes = resources.filter_map(|resource| resource.resource.as_ref());
        attributes
            .flat_map(|resource| &resource.attributes)
            .filter(|known| known.key == "service.name")
            .map(|known| plain(known).as_str().unwrap().to_owned())
            .collect()
    }
}

async fn take(State(got): State<Got>, body: Bytes) -> impl IntoResponse {
    got.0.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
    let answer = ExportTraceServiceResponse::default().encode_to_vec();
    ([(header::CONTENT_TYPE, "application/x-protobuf")], answer)
}

fn plain(known: &KeyValue) -> Value {
    match known.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::IntValue(number)) => json!(number),
        Some(Any::DoubleValue(number)) => json!(number),
        Some(Any::BoolValue(yes)) => json!(yes),
        other => panic!("{other:?}"),
    }
}

/// What a span says about something; null where it says nothing.
pub fn about(span: &Span, key: &str) -> Value {
    span.attributes.iter().find(|known| known.key == key).map(plain).unwrap_or_default()
}

/// An id as `traceparent` writes it.
pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
