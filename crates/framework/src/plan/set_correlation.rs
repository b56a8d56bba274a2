//! Which elements of a set belong together. They have no key, and their order means nothing.
//!
//! Must not contain: what becomes of an element once its counterparts are known.
//!
//! It all follows from how Terraform makes the proposal. A configured element that a prior one can have come from takes
//! over what is computed in that one, and thereby equals it; any other configured element is proposed as it is. So the
//! prior counterpart of a proposed element is the one that it equals, and never one that merely may turn out equal: it
//! would be another one in the plan before apply, when everything is known.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    schema::{AttributeKind, Collection},
    types::Type,
    value::Value,
};

use super::{
    equality::{canonical, same},
    walk::BlockRef,
};

/// What belongs to a proposed element.
#[derive(Clone, Copy)]
pub(super) struct Counterparts<'a> {
    /// The element of the configuration that it was proposed for.
    pub(super) config: Option<&'a Value>,
    /// The element of the prior state that it continues.
    pub(super) prior: Option<&'a Value>,
}

/// The counterparts of each proposed element, in the order of the proposal. No element is the counterpart of two.
pub(super) fn correlate<'a>(
    block: BlockRef<'_>,
    config: &'a [Value],
    prior: &'a [Value],
    proposed: &[Value],
) -> Vec<Counterparts<'a>> {
    let ty = block.ty();
    let continued = equal(&ty, prior, proposed);
    let mut configured = equal(&ty, config, proposed);
    match_rest(block, config, proposed, &mut configured);
    configured
        .into_iter()
        .zip(continued)
        .map(|(configured, continued)| Counterparts {
            config: configured.map(|at| &config[at]),
            prior: continued.map(|at| &prior[at]),
        })
        .collect()
}

/// For each wanted element the position of an equal one, each position at most once.
fn equal(ty: &Type, among: &[Value], wanted: &[Value]) -> Vec<Option<usize>> {
    let mut positions: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    for (at, element) in among.iter().enumerate().rev() {
        positions
            .entry(canonical(ty, element))
            .or_default()
            .push(at);
    }
    wanted
        .iter()
        .map(|element| positions.get_mut(&canonical(ty, element))?.pop())
        .collect()
}

/// Finds configured elements for the proposed ones that equal none.
///
/// More than one may fit: a configured element fits wherever what it says is said. So this is the textbook matching by
/// augmenting paths, among those elements only that agree in everything that is never computed.
fn match_rest(
    block: BlockRef<'_>,
    config: &[Value],
    proposed: &[Value],
    found: &mut [Option<usize>],
) {
    let mut owner: Vec<Option<usize>> = vec![None; config.len()];
    for (at, configured) in found.iter().enumerate() {
        if let Some(configured) = configured {
            owner[*configured] = Some(at);
        }
    }
    let mut candidates: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    for (at, element) in config.iter().enumerate() {
        if owner[at].is_none() {
            candidates
                .entry(never_computed(block, element))
                .or_default()
                .push(at);
        }
    }
    for wanting in 0..proposed.len() {
        if found[wanting].is_some() {
            continue;
        }
        let Some(candidates) = candidates.get(&never_computed(block, &proposed[wanting])) else {
            continue;
        };
        // Breadth first, by a queue: a set may be too large for recursion.
        let mut reached_from: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue = VecDeque::from([wanting]);
        'search: while let Some(asking) = queue.pop_front() {
            for &at in candidates {
                if reached_from.contains_key(&at)
                    || !is_configured_by(block, &config[at], &proposed[asking])
                {
                    continue;
                }
                reached_from.insert(at, asking);
                match owner[at] {
                    Some(owner) => queue.push_back(owner),
                    None => {
                        hand_over(at, &reached_from, &mut owner, found);
                        break 'search;
                    }
                }
            }
        }
    }
}

/// Gives a free configured element to the one that asked for it, the one which that had to whoever asked for that, and
/// so on.
fn hand_over(
    free: usize,
    reached_from: &BTreeMap<usize, usize>,
    owner: &mut [Option<usize>],
    found: &mut [Option<usize>],
) {
    let mut next = Some(free);
    while let Some(at) = next {
        let Some(&asking) = reached_from.get(&at) else {
            return;
        };
        next = found[asking].replace(at);
        owner[at] = Some(asking);
    }
}

/// An element reduced to its plain attributes that the provider never sets. Terraform proposes them as configured.
fn never_computed(block: BlockRef<'_>, element: &Value) -> Value {
    let Value::Map(object) = element else {
        return element.clone();
    };
    let mut kept = BTreeMap::new();
    for attribute in block.attributes {
        if let AttributeKind::Plain(ty) = &attribute.kind
            && !attribute.setting.is_computed()
        {
            let value = object.get(attribute.name).unwrap_or(&Value::Null);
            kept.insert(attribute.name.to_owned(), canonical(ty, value));
        }
    }
    Value::Map(kept)
}

/// Whether a proposed object says what a configured one says, and is silent where that is and the provider may speak.
fn is_configured_by(block: BlockRef<'_>, config: &Value, proposed: &Value) -> bool {
    let (Value::Map(config), Value::Map(proposed)) = (config, proposed) else {
        return config == proposed;
    };
    let attributes = block.attributes.iter().all(|attribute| {
        let config = config.get(attribute.name).unwrap_or(&Value::Null);
        let proposed = proposed.get(attribute.name).unwrap_or(&Value::Null);
        if attribute.setting.is_computed() && config.is_null() {
            return true;
        }
        match &attribute.kind {
            AttributeKind::Plain(ty) => same(ty, config, proposed),
            AttributeKind::Nested(collection, nested) => {
                let nested = BlockRef {
                    attributes: nested,
                    blocks: &[],
                };
                are_configured_by(*collection, nested, config, proposed)
            }
        }
    });
    attributes
        && block.blocks.iter().all(|nested| {
            let config = config.get(nested.name).unwrap_or(&Value::Null);
            let proposed = proposed.get(nested.name).unwrap_or(&Value::Null);
            let collection = nested.nesting.collection();
            are_configured_by(collection, (&nested.block).into(), config, proposed)
        })
}

fn are_configured_by(
    collection: Collection,
    block: BlockRef<'_>,
    config: &Value,
    proposed: &Value,
) -> bool {
    match (collection, config, proposed) {
        (Collection::List, Value::List(config), Value::List(proposed)) => {
            config.len() == proposed.len()
                && config
                    .iter()
                    .zip(proposed)
                    .all(|(config, proposed)| is_configured_by(block, config, proposed))
        }
        (Collection::Map, Value::Map(config), Value::Map(proposed)) => {
            config.keys().eq(proposed.keys())
                && config
                    .values()
                    .zip(proposed.values())
                    .all(|(config, proposed)| is_configured_by(block, config, proposed))
        }
        (Collection::Set, Value::List(config), Value::List(proposed)) => {
            config.len() == proposed.len()
                && correlate(block, config, &[], proposed)
                    .iter()
                    .all(|counterparts| counterparts.config.is_some())
        }
        (_, config, proposed) => is_configured_by(block, config, proposed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Attribute, Block};

    /// `key` is the practitioner's, `size` and `kind` are the practitioner's or the provider's, `id` is the provider's.
    fn block() -> Block {
        Block::new("")
            .attribute(Attribute::required("key", Type::String))
            .attribute(Attribute::optional_computed("size", Type::String))
            .attribute(Attribute::optional_computed("kind", Type::String))
            .attribute(Attribute::computed("id", Type::String))
    }

    /// `key/size/kind/id`; `-` is null, `?` is unknown.
    fn elements(texts: &[&str]) -> Vec<Value> {
        let element = |text: &&str| {
            let parts = text.split('/').map(|part| match part {
                "-" => Value::Null,
                "?" => Value::Unknown,
                text => text.into(),
            });
            let names = ["key", "size", "kind", "id"].map(str::to_owned);
            Value::Map(names.into_iter().zip(parts).collect())
        };
        texts.iter().map(element).collect()
    }

    /// Positions in configuration and prior state for each proposed element.
    #[track_caller]
    fn check(
        config: &[&str],
        prior: &[&str],
        proposed: &[&str],
        expected: &[(Option<usize>, Option<usize>)],
    ) {
        let (config, prior) = (elements(config), elements(prior));
        let proposed = elements(proposed);
        let position = |among: &[Value], found: Option<&Value>| {
            let found = found?;
            among
                .iter()
                .position(|element| std::ptr::eq(element, found))
        };
        let block = block();
        let found: Vec<_> = correlate((&block).into(), &config, &prior, &proposed)
            .iter()
            .map(|found| {
                (
                    position(&config, found.config),
                    position(&prior, found.prior),
                )
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn set_element_with_a_prior_element_keeps_its_values() {
        check(
            &["a/-/-/-", "b/-/-/-"],
            &["b/1/x/B", "c/1/x/C"],
            &["b/1/x/B", "a/-/-/-"],
            &[(Some(1), Some(0)), (Some(0), None)],
        );
    }

    #[test]
    fn unknown_element_has_no_prior_counterpart() {
        check(
            &["?/-/-/-", "a/?/-/-"],
            &["a/-/-/-", "a/1/-/-"],
            &["?/-/-/-", "a/?/-/-"],
            &[(Some(0), None), (Some(1), None)],
        );
    }

    #[test]
    fn set_element_with_more_values_is_not_matched_to_one_with_fewer() {
        // Both fit the first configured element; the second proposed one fits nothing else.
        for config in [["a/-/-/-", "a/5/-/-"], ["a/5/-/-", "a/-/-/-"]] {
            let less = config.iter().position(|text| *text == "a/-/-/-");
            let more = config.iter().position(|text| *text == "a/5/-/-");
            check(
                &config,
                &["a/5/x/A", "a/6/x/B"],
                &["a/5/x/A", "a/6/x/B"],
                &[(more, Some(0)), (less, Some(1))],
            );
            check(
                &config,
                &["a/5/x/A"],
                &["a/5/x/A", "a/5/-/-"],
                &[(less, Some(0)), (more, None)],
            );
        }
    }

    #[test]
    fn long_chain_of_choices_is_followed() {
        check(
            &["a/-/-/-", "a/1/-/-", "a/1/x/-"],
            &[],
            &["a/1/x/A", "a/1/y/B", "a/2/y/C"],
            &[(Some(2), None), (Some(1), None), (Some(0), None)],
        );
    }

    #[test]
    fn unconfigured_element_has_no_counterpart() {
        check(
            &["a/-/-/-"],
            &[],
            &["b/-/-/-", "a/1/-/-"],
            &[(None, None), (Some(0), None)],
        );
    }

    /// A search through the orders of so many equal elements would not end.
    #[test]
    fn large_sets_are_correlated() {
        let count = 2_000;
        let config: Vec<String> = (0..count).map(|_| "a/-/-/-".to_owned()).collect();
        let prior: Vec<String> = (0..count).map(|id| format!("a/1/x/{id}")).collect();
        let (config, prior): (Vec<&str>, Vec<&str>) = (
            config.iter().map(String::as_str).collect(),
            prior.iter().map(String::as_str).collect(),
        );
        let (config, prior) = (elements(&config), elements(&prior));
        let found = correlate((&block()).into(), &config, &prior, &prior);
        assert!(
            found
                .iter()
                .all(|found| found.config.is_some() && found.prior.is_some())
        );
    }
}
