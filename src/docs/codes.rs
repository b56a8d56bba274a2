//! The tables of the page on errors.

use alicloud::{CAMS, ErrorCause, ErrorCode};

use crate::common::codes::{CODES, Retry};

use super::page::{self, Page};

/// The page `guides/errors`.
pub(super) fn errors_page() -> Page {
    Page {
        path: "guides/errors".to_owned(),
        page_title: "Errors".to_owned(),
        heading: "Errors".to_owned(),
        subcategory: "",
        description: "How to read an error of this provider, and what its codes mean.".to_owned(),
        default_template: page::TYPE_TEMPLATE,
        sections: vec![
            ("provider-codes", provider_codes()),
            ("cams-codes", service_codes(CAMS.error_codes)),
            ("gateway-codes", service_codes(ErrorCode::GATEWAY)),
        ],
    }
}

/// The head of both kinds of tables.
const HEAD: &str = "| Code | Meaning | What to do | Retry |\n|---|---|---|---|\n";

fn provider_codes() -> String {
    let rows = CODES.iter().map(|row| {
        let retry = match row.retry {
            Retry::No => "no",
            Retry::Yes => "yes",
            Retry::AfterLooking => "only after you looked",
        };
        line(row.code, row.meaning, row.advice, retry)
    });
    HEAD.to_owned() + &rows.collect::<String>()
}

fn service_codes(codes: &[ErrorCode]) -> String {
    let rows = codes.iter().map(|row| {
        let mut characters = row.meaning.chars();
        let first = characters.next().into_iter().flat_map(char::to_uppercase);
        let meaning: String = first.chain(characters).collect();
        let advice = match (row.advice, row.cause) {
            ("", ErrorCause::Permission | ErrorCause::ObjectPermission) => {
                "Grant the RAM action that the error names, or use the credentials of the right account."
            }
            ("", ErrorCause::Rate) => {
                "Lower `-parallelism`, set `requests_per_second` in the provider block, or raise `timeouts`."
            }
            ("", _) => "Correct the value in the configuration.",
            (advice, _) => advice,
        };
        let advice = advice
            .replace("the AccessKey {key}", "the AccessKey in use")
            .replace("{key}", "in use")
            .replace("{subject}", "the object")
            .replace("{host}", "The endpoint");
        let retry = if row.is_final() { "no" } else { "yes" };
        line(row.code, &meaning, &escaped(&advice), retry)
    });
    HEAD.to_owned() + &rows.collect::<String>()
}

fn line(code: &str, meaning: &str, advice: &str, retry: &str) -> String {
    format!("| `{code}` | {meaning} | {advice} | {retry} |\n")
}

/// A bar would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn tables_have_four_columns() {
    for table in [
        provider_codes(),
        service_codes(CAMS.error_codes),
        service_codes(ErrorCode::GATEWAY),
    ] {
        assert!(table.lines().count() > 10, "the rule checks nothing");
        for line in table.lines() {
            assert_eq!(line.replace("\\|", "").matches('|').count(), 5, "{line}");
        }
        assert!(
            !table.contains("{key}") && !table.contains("{host}"),
            "{table}"
        );
    }
}
