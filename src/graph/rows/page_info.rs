//! What a page says of itself.
use super::declare::{Fields, Object};

/// Where a page begins and ends.
#[derive(Clone)]
pub struct PageInfo {
    pub has_next_page: bool,
    pub has_previous_page: bool,
    pub start_cursor: Option<String>,
    pub end_cursor: Option<String>,
}

impl Object for PageInfo {
    const NAME: &'static str = "PageInfo";
    const PUBLIC: Option<&'static str> = Some("it is seen with its page");

    fn about() -> String {
        "Where a page begins and ends, and whether there is more.".to_owned()
    }

    fn fields(page: &mut Fields<Self>) {
        page.column("hasNextPage", |page| &page.has_next_page)
            .about("Whether there are rows after this page.");
        page.column("hasPreviousPage", |page| &page.has_previous_page)
            .about("Whether there are rows before this page.");
        page.column("startCursor", |page| &page.start_cursor)
            .about("The place of the first row; null on an empty page.");
        page.column("endCursor", |page| &page.end_cursor)
            .about("The place of the last row; null on an empty page.");
    }
}
