//! What is said of a document that is too large: where most of it is, and what would fit.
use async_graphql::Value;

use super::measure::Step;
use crate::{
    graph::fault::{Code, Fault},
    language::Said,
};

pub(super) struct Excess<'m, 'd> {
    pub code: Code,
    pub what: &'static str,
    pub found: usize,
    pub limit: usize,
    /// From the root to where it weighs most.
    pub path: Vec<&'m Step<'d>>,
    pub largest_page: usize,
}

impl Excess<'_, '_> {
    pub fn fault(self) -> Fault {
        let (found, limit) = (grouped(self.found), grouped(self.limit));
        let what = self.what;
        let fault = |message: Said, steps: &[&Step<'_>]| {
            let path = keys(steps).map(Value::from).collect();
            let fault =
                Fault::new(self.code, message).with("limit", self.limit).with("requested", self.found);
            if steps.is_empty() { fault } else { fault.with("path", Value::List(path)) }
        };
        match self.code {
            Code::QueryTooComplex if self.what == "points" => self.too_costly(),
            Code::QueryTooDeep => {
                let at = name(&self.path);
                fault(say!("`{at}` is {found} levels deep; {limit} are allowed"), &self.path)
            }
            Code::TooManyRootFields => {
                fault(say!("the operation has {found} fields at its root; {limit} are allowed"), &[])
            }
            _ => {
                // as far as half of it is in one place
                let half = self.path.iter().take_while(|step| step.weight.saturating_mul(2) > self.found);
                let half = self.path.get(..half.count()).unwrap_or_default();
                let at = name(half);
                let message = match half {
                    [] => say!("the document has {found} {what}; {limit} are allowed"),
                    [..] => say!("the document has {found} {what}, most below `{at}`; {limit} are allowed"),
                };
                fault(message, half)
            }
        }
    }

    /// The list whose order costs most of it all, what it costs, and how often.
    fn sorted(&self) -> Option<(&[&Step<'_>], usize, usize)> {
        let mut times = 1_usize;
        for (at, step) in self.path.iter().enumerate() {
            if step.sorting.saturating_mul(times).saturating_mul(2) > self.found {
                return Some((self.path.get(..=at)?, step.sorting, times));
            }
            times = times.saturating_mul(step.times);
        }
        None
    }

    /// Names the lists that multiply each other, and the page size with which the operation would fit.
    fn too_costly(&self) -> Fault {
        let lists = self.path.iter().rposition(|step| step.times > 1).map_or(0, |last| last + 1);
        let path = self.path.get(..lists).unwrap_or_default();
        let times: Vec<usize> = path.iter().map(|step| step.times).filter(|times| *times > 1).collect();
        let rows = times.iter().fold(1_usize, |rows, times| rows.saturating_mul(*times));
        let product = times.iter().map(|times| grouped(*times)).collect::<Vec<_>>().join(" × ");
        let (list, rows) = (name(path), grouped(rows));
        let (limit, found) = (grouped(self.limit), grouped(self.found));
        let operation = say!("the operation may cost {limit} points at most, and this one {found}");
        let costly = match times.as_slice() {
            [] => operation,
            [_] => say!("`{list}`: {product} rows; {operation}"),
            [..] => say!("`{list}`: {product} = {rows} rows; {operation}"),
        };
        let at = |path: &[&Step<'_>], message: Said| {
            let fault =
                Fault::new(self.code, message).with("limit", self.limit).with("requested", self.found);
            let steps = keys(path).map(Value::from).collect();
            if path.is_empty() { fault } else { fault.with("path", Value::List(steps)) }
        };
        let fault = |message| at(path, message);
        if let Some((path, sorting, times)) = self.sorted() {
            let (list, sorting, times) = (name(path), grouped(sorting), grouped(times));
            let operation = say!("the operation may cost {limit} points at most, and this one {found}");
            let message = say!(
                "`{list}`: an order along a relation costs {sorting} points, here {times} times; {operation}; order it by \
                 what is its own"
            );
            return at(path, message);
        }
        // the innermost page first: it is the cheapest to turn
        for (at, step) in path.iter().enumerate().rev().filter(|(_, step)| step.is_page) {
            let above = path.get(..at).unwrap_or_default();
            let above = above.iter().fold(1_usize, |above, step| above.saturating_mul(step.times));
            let each = above.saturating_mul(step.each).max(1);
            let fewer = self.found.saturating_sub(self.limit).div_ceil(each);
            if let Some(fits @ 1..) = step.times.checked_sub(fewer) {
                let fits = fits.min(self.largest_page);
                let page = name(path.get(..=at).unwrap_or_default());
                let message = match at + 1 == path.len() {
                    true => say!("{costly}; `first: {fits}` would fit"),
                    false => say!("{costly}; `first: {fits}` of `{page}` would fit"),
                };
                return fault(message).with("first", fits);
            }
        }
        fault(say!("{costly}; ask for it in several operations"))
    }
}

/// As the answer would call it: `deals.nodes.history`.
fn name(path: &[&Step<'_>]) -> String {
    keys(path).collect::<Vec<_>>().join(".")
}

fn keys<'s>(path: &'s [&Step<'_>]) -> impl Iterator<Item = &'s str> {
    path.iter().map(|step| step.field.response_key().node.as_str())
}

/// `50,000`
fn grouped(number: usize) -> String {
    if number == usize::MAX {
        return "endless".to_owned();
    }
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 6);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
