//! The caller's own trace, as W3C Trace Context tells of it, and places in a trace.
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use uuid::Uuid;

/// The span of a caller that an operation is a part of.
#[derive(Clone, Debug)]
pub struct Parent(pub(super) SpanContext);

/// What `traceparent` and `tracestate` say, where they say something.
pub fn parent(traceparent: &str, tracestate: &str) -> Option<Parent> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    // later versions may say more at the end
    let known = hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    if !known || !hex(trace, 32) || !hex(span, 16) || !hex(flags, 2) {
        return None;
    }
    let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        if sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED },
        true,
        tracestate.parse().unwrap_or_default(),
    );
    context.is_valid().then_some(Parent(context))
}

/// Where an operation stands in a trace.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub own: SpanContext,
    pub parent: Option<SpanContext>,
}

impl Place {
    /// Below `parent`, else at the beginning of a trace of its own.
    pub(super) fn below(parent: Option<&Parent>) -> Self {
        let parent = parent.map(|Parent(context)| context.clone());
        let (trace, state) = match &parent {
            Some(parent) => (parent.trace_id(), parent.trace_state().clone()),
            None => (TraceId::from_bytes(random()), TraceState::NONE),
        };
        let own = SpanContext::new(trace, new_span(), TraceFlags::SAMPLED, false, state);
        Self { own, parent }
    }
}

/// A span's id.
pub(super) fn new_span() -> SpanId {
    SpanId::from_bytes(random().first_chunk::<8>().copied().unwrap_or([1; 8]))
}

#[expect(clippy::disallowed_methods, reason = "these are random, and no ids of records")]
fn random() -> [u8; 16] {
    Uuid::new_v4().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_context_is_read_or_ignored() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let Parent(read) = parent(&format!("00-{trace}-{span}-01"), "vendor=opaque").unwrap();
        assert_eq!(
            (read.trace_id().to_string(), read.span_id().to_string()),
            (trace.to_owned(), span.to_owned())
        );
        assert!(read.is_sampled() && read.is_remote());
        assert_eq!(read.trace_state().header(), "vendor=opaque");
        assert!(!parent(&format!("00-{trace}-{span}-00"), "").unwrap().0.is_sampled());
        assert!(parent(&format!("01-{trace}-{span}-01-more"), "").is_some());
        for odd in [
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-{span}-01-more"),
            format!("ff-{trace}-{span}-01"),
            format!("00-xyz-{span}-01"),
            format!("00-{trace}-{span}"),
            String::new(),
        ] {
            assert!(parent(&odd, "").is_none(), "{odd}");
        }
    }
}
