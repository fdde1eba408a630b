//! What is talked about at Nimbus Labs.
use super::{Talk, talks};

pub(in crate::seed::demo) const NIMBUS: &[&[Talk]] = &[talks! {
    "jonas.keller" 2 "analysis" "active", "Cash until spring": [
        "How long does our cash last if nobody signs before March?",
        "Until the end of May with today's costs. Two invoices of the ferry company are due in January; with both paid it lasts until August.",
    ];
    "freya.olsen" 5 "chat" "active", "Second office?": [
        "Is a small office in Hamburg worth it?",
        "Three of five customers are within two hours of it, and travel there costs about as much as a small office would. A desk in a shared house for half a year would show whether it is used.",
        "Find out what that costs.",
        "Between 290 and 410 a month for each desk, with a notice of one month.",
    ];
    "mei.zhang" 9 "generation" "active", "Offer for Jade River Trading": [
        "Outline an offer for Jade River: stock forecasting for twelve shops.",
        "Four weeks to connect the tills, four weeks of forecasting in two shops, then all twelve. A fixed price for the first eight weeks, a monthly fee afterwards. They decide after the two shops, not before.",
    ];
    "jonas.keller" 40 "chat" "archived", "Which invoices are late": [
        "Which invoices are late?",
        "One, of the publishing house, by eleven days. They always pay after the second reminder, never after the first.",
    ];
}];
