//! What the finance team asks.
use super::{Talk, talks};

pub(super) const TALKS: &[Talk] = talks! {
    "sarah.chen" 1 "analysis" "active", "Board pack: forecast for the quarter": [
        "Draft the forecast paragraph for the board pack. Three sentences, no jargon, say what could go wrong.",
        "Revenue of the quarter is expected within four percent of plan, carried by renewals in North America and two enterprise deals in Europe that are in legal review. Costs are on budget except for contractors in Engineering. The main risk is timing: if both European deals slip into the next quarter, revenue falls about seven percent short.",
        "Name the two deals only in my speaker notes. And what would we do if they slip?",
        "Done: the paragraph speaks of 'two enterprise deals', the notes name them. If both slip, three measures are ready: hold the open positions in Marketing until signature, move the contractor extension to January, and pull two renewals forward whose terms end within six weeks of the quarter.",
    ];
    "sarah.chen" 3 "analysis" "active", "Engineering contractors above budget": [
        "Why is Engineering above budget for contractors?",
        "Two teams extended their contracts by eight weeks for the migration of the billing system. The extension was approved by the department but is not in the budget's lines. Without it the category would be two percent below plan.",
        "Is that a one-off?",
        "Yes. The contracts end with the migration, and next year's draft has no line for it. I suggest a note in the monthly report rather than a change of the budget, since this year's budget is approved and no longer editable.",
    ];
    "sarah.chen" 8 "chat" "active", "Questions before approving the regional budgets": [
        "Which regional sales budgets are waiting for me?",
        "All five regions for the coming year are submitted. Europe also has a second version, still a draft, twelve percent higher, which assumes two more account executives.",
        "What changed against this year?",
        "Each region grows by eleven percent. Salaries take most of it, with a pay rise of 3.2 percent from the second quarter on; travel grows more slowly than revenue.",
        "Ask Tomás to submit the ambitious version for Europe as well, so that I can compare them.",
        "I have noted it for Tomás. A submitted version can be rejected back to draft, so comparing both binds nobody.",
    ];
    "sarah.chen" 26 "analysis" "active", "Days sales outstanding by region": [
        "Which region pays slowest, and is it getting worse?",
        "The Middle East, with invoices paid 61 days after they are sent on average, against 43 for the company. It improved by four days over the past two quarters since invoices are sent at signature instead of at month end.",
        "Who are the three slowest customers?",
        "One airline, one hospital group and one property company. All three pay completely but late; together they hold about a third of what is overdue.",
    ];
    "sarah.chen" 64 "generation" "active", "Letter to the audit committee": [
        "Write a short letter to the audit committee: the finding on separation of duties is closed.",
        "Dear members of the committee, the finding of the spring review, one person able to both create vendors and release payments, is closed. The role was split within two weeks; all 42 payments of the period in question were examined and nothing irregular was found. Compliance tests the control each quarter and will report on it in the annual statement. With kind regards, Sarah Chen.",
        "Good. Add that the external auditor saw the evidence.",
        "Added as the last sentence of the second paragraph: the external auditor reviewed the evidence without remarks.",
    ];
    "sarah.chen" 120 "analysis" "active", "Effect of a weaker euro": [
        "What does a euro that is five percent weaker do to us?",
        "About a quarter of revenue is invoiced in euros, and about a fifth of costs. On balance a euro weaker by five percent costs roughly half a percent of operating result. Hedging the next two quarters would cover most of it.",
    ];
    "sarah.chen" 365 "chat" "archived", "Budget calendar of last year": [
        "When did departments submit last year?",
        "All of them in the second week of November, as planned; approval took until the twelfth of December. Two came back once: Marketing for missing assumptions, IT for a double-counted licence.",
    ];
    "sarah.chen" 702 "chat" "active", "First steps with Portico": [
        "What can I ask you here?",
        "Anything about what you may see: deals and forecasts, budgets and their lines, controls and open issues, and who changed what. I answer with the rights that you have, so figures hidden from you stay hidden from me.",
        "And who reads what I write?",
        "You, and those whose role lets them read conversations. Messages are never changed afterwards, and each of them is counted with its tokens and cost.",
    ];
    "tomas.herrera" 2 "chat" "active", "Close of the month: what is missing?": [
        "What is still open for the close?",
        "Three reconciliations: the payroll clearing account, prepaid software, and the bank account in Singapore. The first two are prepared and wait for review; the third lacks two statements.",
        "Who has the statements?",
        "The bank delivers them on the third working day. Priya requested them early; they should be there tomorrow morning.",
        "Remind me at nine.",
        "I will. If they are not there, the close checklist allows an estimate of up to 5,000 with a note.",
    ];
    "tomas.herrera" 11 "analysis" "active", "Second version of Europe's sales budget": [
        "Compare version one and two of the European sales budget.",
        "Version two is twelve percent higher. Two thirds of the difference are salaries of two account executives from March on, the rest is travel and training. The shares of the quarters are the same in both.",
        "Does it pay off?",
        "At the average of the past two years a new account executive brings in their cost after ten months. In this fiscal year the effect is about neutral, from next year on it is positive.",
    ];
    "tomas.herrera" 34 "generation" "active", "Assumptions for the budget memo": [
        "List the assumptions of next year's budgets in plain words.",
        "Pay rises by 3.2 percent from the second quarter. No new offices. Software prices rise by six percent except where contracts fix them. Travel grows with headcount, not with revenue. Contractors return to the level before the migration. Currency rates are those of the last day of September.",
    ];
    "tomas.herrera" 88 "chat" "archived", "Double-counted licence in IT": [
        "IT's software line looks too high.",
        "The design tool is in the line twice: once under IT, once under Marketing, where its users sit. The contract names Marketing as cost center.",
        "Take it out of IT and note why.",
        "A corrected draft is ready: the line is lower by the licence, and the note names the contract.",
    ];
    "priya.raman" 5 "analysis" "active", "Cost centers that will exceed their year": [
        "Which cost centers will exceed their annual budget at this pace?",
        "One: Engineering, by about one and a half percent, entirely through contractors. Customer Success is close to its limit but flat since summer. All others stay at least three percent below.",
        "Since when do we know about Engineering?",
        "The run rate crossed the plan in the second month of the third quarter, when the migration was extended.",
    ];
    "priya.raman" 47 "chat" "active", "Cost per head": [
        "How do I compute cost per head for Customer Success fairly?",
        "Take the department's cost without one-off projects and divide by the average headcount of the period, not by that of the last day: the team grew by four people in the middle of the quarter, so the simple figure looks twelve percent too low.",
    ];
    "priya.raman" 160 "generation" "archived", "Rules for travel bookings": [
        "Shorten our travel rules to five lines.",
        "Book at least ten days ahead. Train below four hours, economy flights below six. Hotels up to the limit of the city list. Customers' invitations over 100 need your manager's word. Receipts within 14 days, photos are enough.",
    ];
};
