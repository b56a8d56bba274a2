//! Whether a plan is valid for prior state and configuration (`PlanResourceChange`).
//!
//! Must not contain: how to plan.

use framework::{
    Attribute, Block, Nesting, Value,
    schema::{AttributeKind, Collection, NestedBlock},
};

use super::{Complaints, attribute_of, is_null, is_unknown, same};

/// How the rules are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As Terraform reads them.
    Terraform,
    /// As our framework has to obey them. It never keeps a prior value against the configuration; a default is planned
    /// where it applies, and the prior value where the schema says that it stays; and the elements of a set are planned as configured, though Terraform cannot tell.
    House,
}

/// What is wrong with a plan; nothing if it is valid. `prior` is null for an object to be created.
pub(crate) fn assert_plan_valid(
    reading: Reading,
    block: &Block,
    prior: &Value,
    config: &Value,
    planned: &Value,
) -> Complaints {
    let mut complaints = Complaints::new();
    let judge = Judge { reading };
    judge.object(block, prior, config, planned, "", &mut complaints);
    complaints
}

struct Judge {
    reading: Reading,
}

impl Judge {
    fn object(
        &self,
        block: &Block,
        prior: &Value,
        config: &Value,
        planned: &Value,
        place: &str,
        out: &mut Complaints,
    ) {
        if is_null(planned) && !is_null(config) {
            out.push(format!(
                "{place}: planned for absence but config wants existence"
            ));
            return;
        }
        if is_null(config) && !is_null(planned) {
            out.push(format!(
                "{place}: planned for existence but config wants absence"
            ));
            return;
        }
        if is_null(planned) {
            return;
        }
        self.attributes(&block.attributes, prior, config, planned, place, out);
        for nested in &block.blocks {
            self.blocks(
                nested,
                &attribute_of(prior, nested.name),
                &attribute_of(config, nested.name),
                &attribute_of(planned, nested.name),
                &format!("{place}.{}", nested.name),
                out,
            );
        }
    }

    fn blocks(
        &self,
        nested: &NestedBlock,
        prior: &Value,
        config: &Value,
        planned: &Value,
        place: &str,
        out: &mut Complaints,
    ) {
        let single = matches!(nested.nesting, Nesting::Single { .. });
        if is_null(planned) && !single {
            out.push(format!(
                "{place}: attribute representing a collection of nested blocks must be empty to indicate no blocks, not null"
            ));
            return;
        }
        if same(&nested.ty(), planned, config) && self.reading == Reading::Terraform {
            return;
        }
        if is_unknown(config) {
            if !is_unknown(planned) {
                out.push(format!("{place}: planned value for unknown dynamic block"));
            }
            return;
        }
        if is_unknown(planned) {
            out.push(format!(
                "{place}: attribute representing nested block must not be unknown itself"
            ));
            return;
        }
        let block = &nested.block;
        match (nested.nesting, prior, config, planned) {
            (Nesting::Single { .. } | Nesting::Group, ..) => {
                self.object(block, prior, config, planned, place, out);
            }
            (Nesting::List(_), _, Value::List(config), Value::List(planned)) => {
                if planned.len() != config.len() {
                    out.push(format!(
                        "{place}: block count in plan ({}) disagrees with count in config ({})",
                        planned.len(),
                        config.len()
                    ));
                    return;
                }
                for (index, (config, planned)) in config.iter().zip(planned).enumerate() {
                    let place = format!("{place}[{index}]");
                    let prior = element(prior, index);
                    if is_unknown(planned) {
                        out.push(format!(
                            "{place}: element representing nested block must not be unknown itself"
                        ));
                    } else {
                        self.object(block, &prior, config, planned, &place, out);
                    }
                }
            }
            (Nesting::Map, _, Value::Map(config), Value::Map(planned)) => {
                for (key, planned) in planned {
                    let place = format!("{place}[{key:?}]");
                    match config.get(key) {
                        None => out.push(format!(
                            "{place}: block key {key:?} from plan is not present in config"
                        )),
                        Some(_) if is_unknown(planned) => out.push(format!(
                            "{place}: element representing nested block must not be unknown itself"
                        )),
                        Some(config) => {
                            let prior = attribute_of(prior, key);
                            self.object(block, &prior, config, planned, &place, out);
                        }
                    }
                }
                for key in config.keys().filter(|key| !planned.contains_key(*key)) {
                    out.push(format!(
                        "{place}: block key {key:?} from config is not present in plan"
                    ));
                }
            }
            (Nesting::Set(_), _, Value::List(config), Value::List(planned)) => {
                if planned.iter().any(is_unknown) {
                    out.push(format!(
                        "{place}: element representing nested block must not be unknown itself"
                    ));
                }
                if self.reading == Reading::House {
                    self.set(config, planned, place, out, &|config, planned, out| {
                        self.object(block, &Value::Null, config, planned, "", out);
                    });
                }
            }
            _ => out.push(format!("{place}: planned an invalid value")),
        }
    }

    fn attributes(
        &self,
        attributes: &[Attribute],
        prior: &Value,
        config: &Value,
        planned: &Value,
        place: &str,
        out: &mut Complaints,
    ) {
        for attribute in attributes {
            let place = format!("{place}.{}", attribute.name);
            let before = attribute_of(prior, attribute.name);
            let config = attribute_of(config, attribute.name);
            let planned = attribute_of(planned, attribute.name);
            let stays = self.reading == Reading::House
                && attribute.use_state_for_unknown
                && attribute.default.is_none()
                && !is_null(prior)
                && is_null(&config);
            if stays && !same(&attribute.ty(), &before, &planned) {
                out.push(format!("{place}: what stays does not stay"));
            }
            let spells_anew = self.reading == Reading::House
                && planned != before
                && matches!(
                    (attribute.equality, &before, &config),
                    (Some(_), Value::String(before), Value::String(config))
                        if before.to_uppercase() == config.to_uppercase()
                );
            if spells_anew {
                out.push(format!("{place}: another spelling of the same is a change"));
            }
            self.attribute(attribute, &before, &config, &planned, &place, out);
        }
    }

    fn attribute(
        &self,
        attribute: &Attribute,
        prior: &Value,
        config: &Value,
        planned: &Value,
        place: &str,
        out: &mut Complaints,
    ) {
        let ty = attribute.ty();
        let sensitive = if attribute.sensitive {
            "sensitive "
        } else {
            ""
        };
        if attribute.write_only {
            if !is_null(planned) {
                out.push(format!(
                    "{place}: planned value for write-only attribute is not null"
                ));
            }
            return;
        }
        if self.reading == Reading::House
            && is_null(config)
            && let Some(default) = &attribute.default
        {
            if !same(&ty, planned, default) {
                out.push(format!("{place}: the default does not apply"));
            }
            return;
        }
        if same(&ty, planned, config) && self.reading == Reading::Terraform {
            return;
        }
        let prior_stands = same(&ty, planned, prior) && !is_null(prior) && !is_null(config);
        if prior_stands && self.reading == Reading::Terraform {
            return;
        }
        let computed = attribute.setting.is_computed();
        if computed && (is_null(config) || !attribute.setting.is_configurable()) {
            return;
        }
        if is_null(config) && !is_null(planned) {
            out.push(format!(
                "{place}: {sensitive}planned value for a non-computed attribute"
            ));
            return;
        }
        if let AttributeKind::Nested(collection, nested) = &attribute.kind {
            self.nested(*collection, nested, prior, config, planned, place, out);
            return;
        }
        if same(&ty, planned, config) {
            return;
        }
        // Of two spellings the stored one stays, so that there is no change.
        if let (Some(_), Value::String(stored), Value::String(wanted)) =
            (attribute.equality, prior, config)
            && stored.to_uppercase() == wanted.to_uppercase()
            && prior == planned
        {
            return;
        }
        out.push(if is_null(prior) {
            format!("{place}: {sensitive}planned value does not match config value")
        } else {
            format!("{place}: {sensitive}planned value does not match config value nor prior value")
        });
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "three values, their shape and place"
    )]
    fn nested(
        &self,
        collection: Collection,
        attributes: &[Attribute],
        prior: &Value,
        config: &Value,
        planned: &Value,
        place: &str,
        out: &mut Complaints,
    ) {
        if is_null(planned) && is_null(config) || is_unknown(planned) && is_unknown(config) {
            return;
        }
        if is_null(planned) {
            out.push(format!(
                "{place}: planned for absence but config wants existence"
            ));
            return;
        }
        if is_null(config) {
            out.push(format!(
                "{place}: planned for existence but config wants absence"
            ));
            return;
        }
        if is_unknown(planned) {
            out.push(format!("{place}: planned unknown for configured value"));
            return;
        }
        if is_unknown(config) {
            out.push(format!("{place}: planned a value for an unknown one"));
            return;
        }
        let count = |out: &mut Complaints, planned: usize, config: usize| {
            out.push(format!(
                "{place}: count in plan ({planned}) disagrees with count in config ({config})"
            ));
        };
        match (collection, config, planned) {
            (Collection::Single, Value::Map(_), Value::Map(_)) => {
                self.attributes(attributes, prior, config, planned, place, out);
            }
            (Collection::List, Value::List(config), Value::List(planned)) => {
                if planned.len() != config.len() {
                    count(out, planned.len(), config.len());
                    return;
                }
                for (index, (config, planned)) in config.iter().zip(planned).enumerate() {
                    let place = format!("{place}[{index}]");
                    let prior = element(prior, index);
                    self.element(attributes, &prior, config, planned, &place, out);
                }
            }
            (Collection::Map, Value::Map(config), Value::Map(planned)) => {
                for (key, planned) in planned {
                    match config.get(key) {
                        None => out.push(format!(
                            "{place}: map key {key:?} from plan is not present in config"
                        )),
                        Some(config) => {
                            let place = format!("{place}[{key:?}]");
                            let prior = attribute_of(prior, key);
                            self.element(attributes, &prior, config, planned, &place, out);
                        }
                    }
                }
                for key in config.keys().filter(|key| !planned.contains_key(*key)) {
                    out.push(format!(
                        "{place}: map key {key:?} from config is not present in plan"
                    ));
                }
            }
            (Collection::Set, Value::List(config), Value::List(planned)) => {
                // Terraform passes over a difference that unknown elements may make up for.
                let known = |values: &[Value]| values.iter().all(Value::is_wholly_known);
                if planned.len() != config.len() && known(planned) && known(config) {
                    count(out, planned.len(), config.len());
                    return;
                }
                if self.reading == Reading::House {
                    self.set(config, planned, place, out, &|config, planned, out| {
                        self.element(attributes, &Value::Null, config, planned, "", out);
                    });
                }
            }
            _ => out.push(format!("{place}: planned an invalid value")),
        }
    }

    /// An object in a collection; it may be null or unknown itself, and is so in the plan if it is in the configuration.
    fn element(
        &self,
        attributes: &[Attribute],
        prior: &Value,
        config: &Value,
        planned: &Value,
        place: &str,
        out: &mut Complaints,
    ) {
        let house = self.reading == Reading::House;
        if house
            && (is_null(config) != is_null(planned) || is_unknown(config) != is_unknown(planned))
        {
            out.push(format!("{place}: planned another kind of element"));
            return;
        }
        if !is_null(config) && !is_unknown(config) {
            self.attributes(attributes, prior, config, planned, place, out);
        }
    }

    /// Every configured element has a planned one of its own that is valid for it.
    fn set(
        &self,
        config: &[Value],
        planned: &[Value],
        place: &str,
        out: &mut Complaints,
        judge: &dyn Fn(&Value, &Value, &mut Complaints),
    ) {
        let fits = |config: &Value, planned: &Value| {
            let mut complaints = Complaints::new();
            judge(config, planned, &mut complaints);
            complaints.is_empty()
        };
        if config.len() != planned.len() || !has_perfect_matching(config, planned, &fits) {
            out.push(format!(
                "{place}: the elements of the set are not planned as configured"
            ));
        }
    }
}

fn element(list: &Value, index: usize) -> Value {
    match list {
        Value::List(elements) => elements.get(index).cloned().unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

/// Whether each left one can have a right one of its own. Small sets: every way is tried.
fn has_perfect_matching(
    left: &[Value],
    right: &[Value],
    fits: &dyn Fn(&Value, &Value) -> bool,
) -> bool {
    fn place(
        left: &[Value],
        right: &[Value],
        used: &mut [bool],
        fits: &dyn Fn(&Value, &Value) -> bool,
    ) -> bool {
        let Some((first, rest)) = left.split_first() else {
            return true;
        };
        for index in 0..right.len() {
            if !used[index] && fits(first, &right[index]) {
                used[index] = true;
                if place(rest, right, used, fits) {
                    return true;
                }
                used[index] = false;
            }
        }
        false
    }
    place(left, right, &mut vec![false; right.len()], fits)
}
