//! Conformance: for every schema, configuration and state, the responses of our server pass the rules by which
//! Terraform judges a provider.
//!
//! * `rules` are those rules in our own words, `proposal` is what Terraform sends along; neither knows the planner.
//! * `schemas` and `values` make schemas, configurations, states and the work of a provider out of a list of `choices`.
//! * `fixture_provider` is a provider of such a schema behind the real server; everything goes through the encoding of the wire.
//! * `properties` holds what is true of every generated case, `cases` one small case for each rule.
//!
//! `PROPTEST_CASES=100000 cargo test --test conformance` tries more, and others each time. One corner is known to come up in
//! about one of 100 000: two configured elements of a set that come to mean the same, one by a default or by what was
//! computed before, are planned as one. Terraform bears that in a block and refuses it in a nested attribute.
//!
//! Must not contain: expectations about a concrete resource.

mod cases;
mod choices;
mod fixture_provider;
mod format;
mod properties;
mod proposal;
mod rules;
mod schemas;
mod values;
