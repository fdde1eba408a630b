//! What the sales team asks.
use super::{Talk, talks};

pub(super) const TALKS: &[Talk] = talks! {
    "marcus.webb" 2 "analysis" "active", "Deals that stand still": [
        "Which deals have not moved for a month?",
        "Nine open deals have been in their stage for more than thirty days, most of them in proposal. Three belong to customers who opened the proposal last week, so a call may be worth it: a bank, a telecom company and a hotel group.",
        "Write a two-line nudge for each owner.",
        "Done. Each names the deal, the days in its stage, what the customer last did, and one suggestion for the next step.",
    ];
    "marcus.webb" 10 "analysis" "active", "Why we lose": [
        "Give me the reasons for losses of the past year, largest first.",
        "Price above budget leads, followed by projects postponed to the next fiscal year and missing ERP integrations. Local data centers come up only in Europe and the Middle East, but there they decide most of the large losses.",
        "Does a discount help?",
        "Rarely: deals that were cut by ten percent or more are won slightly less often than others. What helps is an early meeting of both finance leads; where it took place before the proposal, we win almost twice as often.",
    ];
    "marcus.webb" 39 "generation" "active", "Agenda for the quarterly review": [
        "Agenda for the sales review, ninety minutes.",
        "Ten minutes on figures that everybody has read. Thirty on the six largest open deals, five each. Twenty on the three largest losses: what we would do again. Twenty on the hand-over to Customer Success. Ten for decisions and owners.",
    ];
    "marcus.webb" 210 "chat" "archived", "Territories for the new year": [
        "Does splitting Asia Pacific make sense?",
        "Not yet: Japan and Australia bring most of the revenue but share one pipeline of leads. From about forty open deals on, two territories would pay off; at present there are fewer than half as many.",
    ];
    "ingrid.lindqvist" 4 "analysis" "active", "European pipeline by segment": [
        "Split the open European pipeline by segment.",
        "By value, enterprise customers hold roughly three quarters of it, the mid market a fifth, small companies the rest. By number it is almost the reverse: small and mid-market deals are two out of three.",
        "And how long do they take?",
        "Enterprise deals take about 100 days from first contact to signature, mid market 80, small ones 60. Legal review is the longest stage for banks, negotiation for everybody else.",
    ];
    "ingrid.lindqvist" 30 "chat" "active", "What I cannot see": [
        "Why do I see no deals of the Middle East?",
        "Your role limits rows to your region, which is Europe. Totals that you see are totals of Europe. If you need another region for a while, a colleague with the right to assign roles can give you one that ends by itself.",
    ];
    "ingrid.lindqvist" 95 "analysis" "active", "Seasonality of renewals": [
        "Do renewals have a season in Europe?",
        "Yes: forty percent of contracts end in December or June, because most began with a half year. Deals signed in those months also move slower, as the same people handle both.",
    ];
    "diego.morales" 3 "generation" "active", "Follow-up to Banco do Ipê": [
        "Write a follow-up mail to the bank: they asked for our security certificates.",
        "Bom dia, thank you for the conversation on Thursday. Attached are our SOC 2 report, the letter on this year's penetration test and the list of data centers; the full report of the test can be read in our data room after signing the confidentiality agreement. Would Tuesday suit you for the questions of your security team? With kind regards, Diego Morales.",
        "In Portuguese, please.",
        "Bom dia, obrigado pela conversa de quinta-feira. Seguem em anexo o nosso relatório SOC 2, a carta do teste de intrusão deste ano e a lista dos centros de dados; o relatório completo pode ser lido em nossa sala de dados após a assinatura do acordo de confidencialidade. Terça-feira seria conveniente para as perguntas da sua equipe de segurança? Atenciosamente, Diego Morales.",
    ];
    "diego.morales" 17 "chat" "active", "Preparing the call with Andes Telecom": [
        "What should I know before my call with Andes Telecom?",
        "They bought the analytics suite last year and opened three support tickets since, all answered within a day. Their finance lead changed in spring; the new one comes from a company that uses a competitor's forecasting. They asked about a local data center twice.",
        "Do we have one?",
        "In São Paulo, since last year. It costs nothing extra, but moving existing data takes a weekend, which should be agreed beforehand.",
    ];
    "diego.morales" 71 "chat" "active", "How discounts are approved": [
        "What discount may I give?",
        "Up to ten percent by yourself, up to twenty with Marcus, above that with Finance. Multi-year contracts count separately: three years allow five percent more.",
    ];
    "jordan.blake" 6 "analysis" "active", "Summit Aerospace: next step": [
        "Summit has been silent since the proposal. What now?",
        "They read pages four and nine of the proposal several times: pricing and the rollout plan. Page nine assumes their team of six, but their posting of last week says four. I would offer a plan with our people doing the data integration.",
        "How much would that cost them?",
        "About a fifth of the licence in the first year, nothing afterwards. Two similar customers took it, and both went live within ten weeks.",
    ];
    "claire.dubois" 7 "generation" "active", "Summary for Banque Saint-Clair": [
        "Summarise our answers to their legal questions for a banker, one paragraph.",
        "Your data stay in Frankfurt and Paris and are encrypted with keys that only you can release; our staff reaches them only on your request, and each access is recorded where you can read it. Sub-processors are named in annex three, changes are announced sixty days ahead and may be refused. Liability follows your standard terms up to the yearly fee.",
    ];
    "claire.dubois" 52 "chat" "active", "Rheinwerk asks for on-premises": [
        "Rheinwerk wants to run it in their own data center. Possible?",
        "Yes, with PostgreSQL of their own and one binary; they would update it themselves each quarter. What they give up are the managed backups. Two manufacturers run it that way.",
        "Who can talk to them about operations?",
        "Lena's team keeps a list of reference customers for it; the plant in Moravia agreed to take calls.",
    ];
    "yuki.tanaka" 13 "chat" "active", "Sakura Precision: wording of the offer": [
        "Should the offer for Sakura be in yen?",
        "Their purchasing rules ask for yen above ten million. Our price list is in dollars; with the rate of the day plus a validity of thirty days, Finance agreed in two earlier cases.",
    ];
    "omar.haddad" 22 "chat" "active", "Gulf Meridian and the data center": [
        "Gulf Meridian insists on data in the region.",
        "We have no data center there yet; the plan says the second half of next year. Until then their own cloud account in the region works: the same software, their storage, our operation.",
        "Has anybody signed that way?",
        "One hospital group, five months ago. Their contract is a usable template; Compliance has reviewed its annex on access.",
    ];
    "grace.adeyemi" 9 "analysis" "active", "Customers at risk": [
        "Which customers use the product less than three months ago?",
        "Four of the larger ones: a retailer after its reorganisation, an insurer whose main user left, a university during its holidays, and a logistics company that moved reports to its own warehouse. Only the insurer and the logistics company look like a risk.",
        "Plan for the insurer?",
        "Offer a half-day training to the successor within two weeks, and propose the new compliance reports, which their second line asked about in spring.",
    ];
    "noah.kim" 19 "generation" "active", "Titles for the CFO summit": [
        "Five titles for our talk at the CFO summit.",
        "One: Closing the books while they are still warm. Two: What your forecast does not dare to say. Three: Budgets that answer questions. Four: Who changed this figure? Five: From forty spreadsheets to one conversation.",
        "Number four. Two sentences of abstract.",
        "Every finance team knows the meeting in which nobody can say where a figure comes from. We show how a year of closes looks when each change has an author, a reason and a place, and what that did to the length of our audits.",
    ];
};
