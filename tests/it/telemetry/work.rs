//! What the server does by itself can be seen from outside: each piece as a trace of its own, counted and timed.
use std::{
    net::TcpListener,
    process::Stdio,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use reqwest::Client;
use serde_json::json;

use super::collector::{Collector, about};
use crate::{
    command::{Server, portico},
    exports::{EXPORTS, NODES, Office},
    imports::{CREATE, Desk, IMPORTS, fresh},
    mail::smtp::Smtp,
};

#[tokio::test(flavor = "multi_thread")]
async fn mail_seals_exports_and_imports_are_traced_counted_and_timed() {
    let (desk, smtp) = (Desk::in_(Office::alone().await).await, Smtp::saying(&["550 no such person"]).await);
    let office = &desk.office;
    office.deals(12).await;
    let ann = office.person("Ann", &[EXPORTS, IMPORTS].concat()).await;
    office.ask(&ann, &format!("{{ deals {{ {NODES} }} }}"), "NDJSON").await;
    office.ask(&ann, &format!("{{ deals(orderBy: [{{field: NAME}}]) {{ {NODES} }} }}"), "NDJSON").await;
    desk.queue(&ann, CREATE, "NDJSON", json!({}), &fresh(7)).await;
    for to in ["gone@example.com", "ann@example.com"] {
        let write = "INSERT INTO identity.mail (id, recipient, subject, body) VALUES (ops.uuid_v7()";
        office.sql(&format!("{write}, '{to}', 'Secret subject', 'Secret body')")).await;
    }

    let collector = Collector::open().await;
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let started = portico("telemetry-work")
        .arg("serve")
        .env("DATABASE_URL", &office.town.database.app_url)
        .env("DATABASE_OWNER_URL", &office.town.database.owner_url)
        .env("PORTICO_DEMO", "false")
        .env("PORTICO_LISTEN", &address)
        .env("PORTICO_SMTP_URL", smtp.url())
        .env("PORTICO_MAIL_FROM", "Portico <portico@example.com>")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut server = Server(started.unwrap());
    let works = |name: &str| -> Vec<Span> {
        let spans = collector.spans().into_iter();
        spans.filter(|span| span.name == name && span.parent_span_id.is_empty()).collect()
    };
    let patience = Instant::now() + Duration::from_mins(1);
    while [("mail", 2), ("seal", 1), ("export", 2), ("import", 1)]
        .into_iter()
        .any(|(name, times)| works(name).len() < times)
    {
        let names: Vec<String> = collector.spans().into_iter().map(|span| span.name).collect();
        assert!(Instant::now() < patience && server.0.try_wait().unwrap().is_none(), "{names:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let items =
        |name: &str| -> Vec<_> { works(name).iter().map(|span| about(span, "portico.items")).collect() };
    assert_eq!((items("export"), items("import")), (vec![json!(12), json!(12)], vec![json!(7)]));
    let mut mails: Vec<_> = works("mail");
    mails.sort_by_key(|span| about(span, "portico.outcome").to_string());
    let outcomes: Vec<_> = mails.iter().map(|span| about(span, "portico.outcome")).collect();
    assert_eq!(outcomes, ["failed", "ok"]);
    assert_eq!(mails[0].status.clone().unwrap().code(), StatusCode::Error);
    for span in [&mails[1], &works("export")[0], &works("import")[0], &works("seal")[0]] {
        assert_eq!((span.kind(), about(span, "portico.transport")), (SpanKind::Internal, json!("work")));
        assert!(span.end_time_unix_nano > span.start_time_unix_nano);
        let below = collector.spans().into_iter().filter(|one| one.parent_span_id == span.span_id);
        assert!(below.filter(|one| one.name.contains(' ')).count() > 0, "{} has no statements", span.name);
    }
    let all = format!("{:?}", collector.spans());
    for secret in ["Secret", "Deal 1", "ann@example.com", "a1.example.com"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }

    let figures = Client::new().get(format!("http://{address}/metrics")).send().await.unwrap();
    let figures = figures.text().await.unwrap();
    for expected in [
        "portico_work_total{work=\"mail\",outcome=\"failed\"} 1",
        "portico_work_total{work=\"mail\",outcome=\"ok\"} 1",
        "portico_work_total{work=\"export\",outcome=\"ok\"} 2",
        "portico_work_total{work=\"import\",outcome=\"ok\"} 1",
        "portico_work_items_total{work=\"export\"} 24",
        "portico_work_items_total{work=\"import\"} 7",
        "portico_work_seconds_count{work=\"export\"} 2",
        "portico_work_seconds_count{work=\"seal\"}",
    ] {
        assert!(figures.contains(expected), "{expected} in {figures}");
    }
}
