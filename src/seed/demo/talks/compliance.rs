//! What compliance, security and the owners of the house ask.
use super::{Talk, talks};

pub(super) const TALKS: &[Talk] = talks! {
    "amara.okafor" 2 "analysis" "active", "Controls due this month": [
        "Which controls must be tested this month?",
        "The monthly ones of Finance, Engineering and IT, and the quarterly access review. The disaster recovery drill and the assessments of AI features have never been tested; both carry an open issue.",
        "Who owns the drill?",
        "Raj Patel. It takes a day, needs four people, and is due within a month.",
    ];
    "amara.okafor" 12 "chat" "active", "Newsletter tool and erasure": [
        "How did an erased person stay in the newsletter tool?",
        "The tool is not part of the erasure job: it was bought by Marketing last year and is missing in the register of processing activities as well. The job covers eleven systems; this would be the twelfth.",
        "Search it for everybody we erased in the past year.",
        "There are seven people to search for. I prepared the list of hashes, so that nobody needs to export names again; Noah's team can run the search in the tool.",
    ];
    "amara.okafor" 55 "generation" "active", "Answer to a customer's questionnaire": [
        "Question 41: how do you make sure that leavers lose access?",
        "A job compares the register of employees with all accounts every day and revokes sessions at once. The control is tested weekly; in the past quarter it found one late removal, which was mended the same day.",
        "We have three contractors open at the moment. Can we say it like this?",
        "Not quite. I suggest adding: contractors are removed by hand at present, and their register is being connected to the same job this month. It is true, and it answers what they will ask next.",
    ];
    "amara.okafor" 140 "analysis" "active", "Overlap of SOC 2 and PCI-DSS": [
        "How many of our SOC 2 controls also cover PCI-DSS?",
        "Four: the access review, multi-factor authentication, the answering of alerts and the review of changes. Testing them once with evidence for both frameworks saves about six days a year.",
    ];
    "amara.okafor" 300 "chat" "archived", "Penetration test: who is told?": [
        "The test found a critical weakness. Who must be told?",
        "The CEO and the CFO today. Customers only if somebody else used it: logs show that no foreign invoice was read except by the testers. The authority needs no notice then, but the reasoning should be written down within 72 hours.",
    ];
    "viktor.novak" 4 "analysis" "active", "Failed sign-ins of the week": [
        "Anything unusual among failed sign-ins?",
        "Two wrong passwords of one account executive, minutes before successful sign-ins from the same address: typing errors. No address tried more than one account.",
    ];
    "viktor.novak" 6 "chat" "active", "PDF renderer: can we mitigate?": [
        "The fix for the PDF renderer waits for the vendor. What can we do meanwhile?",
        "Run it without network and with a read-only disk: it needs neither. That takes the weakness from critical to medium, since a prepared file could then spoil only its own rendering.",
        "Draft the change for Lena's team.",
        "Drafted: two settings of the container, a test that renders a page with a remote image and expects a blank, and a note to remove both when the vendor's version arrives.",
    ];
    "raj.patel" 5 "chat" "active", "Contractors in the leaver job": [
        "What do we need to include contractors in the leaver job?",
        "A field with the end of the contract, which the purchasing tool has, and an id that both systems share. The e-mail address works for 94 percent of them; the others have two.",
        "How many are that?",
        "Five people. I listed them; purchasing can merge the addresses in ten minutes.",
    ];
    "raj.patel" 44 "generation" "active", "Note on the maintenance window": [
        "Announce the maintenance on Sunday, 6 to 8 UTC, short.",
        "On Sunday between 6:00 and 8:00 UTC we move the analytics workspace to new machines. Reading works throughout; saving pauses for about ten minutes. Nothing is needed from you.",
    ];
    "lena.fischer" 14 "analysis" "active", "Review times": [
        "Do reviews of changes slow us down?",
        "The median change waits four hours for its first review and is merged within a day. The slowest tenth waits three days; two thirds of those touch billing, where two people may review. A third reviewer there would help most.",
    ];
    "eleanor.vance" 6 "generation" "active", "Message to everyone about the quarter": [
        "Write to everyone: good quarter, thanks, what comes next. Warm, short.",
        "Dear all, the quarter is nearly done, and you made it a good one: customers who renewed said why, and almost every answer named one of you. Next come two large signatures in Europe, the move of our billing, and a well-earned pause in December. Thank you for the care that shows in small things. Eleanor",
    ];
    "eleanor.vance" 180 "chat" "active", "Questions for the candidate": [
        "Three questions for a board candidate with a finance background.",
        "Which figure did you once trust too long, and how did you notice? What would you want to read before a meeting, and what not? When did you vote against a plan you liked?",
    ];
};
