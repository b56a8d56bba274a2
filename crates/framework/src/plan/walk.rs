//! The way through a planned object: every attribute, with what configuration, prior state and proposal say there.
//!
//! Must not contain: what is planned.

use std::collections::BTreeMap;

use crate::{
    path::AttributePath,
    schema::{Attribute, AttributeKind, Block, Collection, NestedBlock, Schema},
    types::Type,
    value::{Object, Value},
};

use super::set_correlation::correlate;

pub(super) type Attributes = BTreeMap<String, Value>;

/// What is known of an attribute beside its planned value.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) config: &'a Value,
    /// `None` where the object that has the attribute does not exist yet.
    pub(super) prior: Option<&'a Value>,
    /// As Terraform proposed it, without later changes of the plan.
    proposed: &'a Value,
    pub(super) path: &'a AttributePath,
}

/// Visits each attribute of a planned object.
pub(super) trait Visit {
    /// An attribute, before what is nested in it.
    fn attribute(&mut self, attribute: &Attribute, site: Site<'_>, planned: &mut Value);

    /// Nested objects of which nothing is known yet, since the configuration is unknown there.
    fn unknown(&mut self, _objects: BlockRef<'_>, _path: &AttributePath) {}
}

impl<F: FnMut(&Attribute, Site<'_>, &mut Value)> Visit for F {
    fn attribute(&mut self, attribute: &Attribute, site: Site<'_>, planned: &mut Value) {
        self(attribute, site, planned);
    }
}

/// Visits every attribute of a planned object, outermost first.
///
/// It goes down only where the configuration has objects: what is null there is planned as a whole, and what is
/// unknown there stays exactly that. `proposed` is what `planned` was in the beginning; sets are correlated by it, so
/// that all walks over one plan find the same counterparts.
pub(super) fn walk(
    schema: &Schema,
    config: &Object,
    prior: Option<&Object>,
    proposed: &Attributes,
    planned: &mut Attributes,
    visit: &mut dyn Visit,
) {
    let root = Level {
        block: BlockRef::from(&schema.block),
        path: &AttributePath::root(),
        in_set: false,
    };
    let beside = Beside {
        config: config.attributes(),
        prior: prior.map(Object::attributes),
        proposed,
    };
    walk_object(root, beside, planned, visit);
}

/// The attributes and blocks of one level of a schema.
#[derive(Clone, Copy)]
pub(super) struct BlockRef<'a> {
    pub(super) attributes: &'a [Attribute],
    pub(super) blocks: &'a [NestedBlock],
}

impl<'a> From<&'a Block> for BlockRef<'a> {
    fn from(block: &'a Block) -> Self {
        Self {
            attributes: &block.attributes,
            blocks: &block.blocks,
        }
    }
}

impl BlockRef<'_> {
    /// The type of an object of this level.
    pub(super) fn ty(self) -> Type {
        let attributes = self.attributes.iter().map(|a| (a.name.to_owned(), a.ty()));
        let blocks = self.blocks.iter().map(|b| (b.name.to_owned(), b.ty()));
        Type::Object(attributes.chain(blocks).collect())
    }

    /// Whether any attribute, however deep, is marked.
    pub(super) fn any(self, marked: fn(&Attribute) -> bool) -> bool {
        let attributes = self.attributes.iter().any(|attribute| {
            marked(attribute)
                || match &attribute.kind {
                    AttributeKind::Plain(_) => false,
                    AttributeKind::Nested(_, attributes) => BlockRef {
                        attributes,
                        blocks: &[],
                    }
                    .any(marked),
                }
        });
        attributes
            || self
                .blocks
                .iter()
                .any(|nested| BlockRef::from(&nested.block).any(marked))
    }
}

/// A level of the schema, and where it is.
#[derive(Clone, Copy)]
struct Level<'a> {
    block: BlockRef<'a>,
    path: &'a AttributePath,
    /// Below a set there are no paths: the protocol has no step to an element of a set.
    in_set: bool,
}

/// One object in all its versions but the planned one.
#[derive(Clone, Copy)]
struct Beside<'a> {
    config: &'a Attributes,
    prior: Option<&'a Attributes>,
    proposed: &'a Attributes,
}

fn walk_object(
    level: Level<'_>,
    beside: Beside<'_>,
    planned: &mut Attributes,
    visit: &mut dyn Visit,
) {
    for attribute in level.block.attributes {
        let path = level.below(attribute.name);
        let site = beside.at(attribute.name, &path);
        let planned = planned
            .entry(attribute.name.to_owned())
            .or_insert(Value::Null);
        visit.attribute(attribute, site, planned);
        if let AttributeKind::Nested(collection, attributes) = &attribute.kind {
            let block = BlockRef {
                attributes,
                blocks: &[],
            };
            let below = Level {
                block,
                path: &path,
                ..level
            };
            walk_nested(below, *collection, site, planned, visit);
        }
    }
    for nested in level.block.blocks {
        let path = level.below(nested.name);
        let site = beside.at(nested.name, &path);
        let planned = planned.entry(nested.name.to_owned()).or_insert(Value::Null);
        let below = Level {
            block: BlockRef::from(&nested.block),
            path: &path,
            ..level
        };
        walk_nested(below, nested.nesting.collection(), site, planned, visit);
    }
}

/// Goes down into the objects of a nested attribute or block.
fn walk_nested(
    level: Level<'_>,
    collection: Collection,
    site: Site<'_>,
    planned: &mut Value,
    visit: &mut dyn Visit,
) {
    match (collection, site.config, site.proposed, planned) {
        (Collection::Map, Value::Map(config), Value::Map(proposed), Value::Map(planned)) => {
            let prior = site.prior.and_then(attributes);
            for (key, planned) in planned {
                let path = level.path.then_key(key);
                let prior = prior.and_then(|prior| prior.get(key));
                let element = Element {
                    config: config.get(key),
                    prior,
                    proposed: proposed.get(key),
                };
                walk_element(level.element(&path), element, planned, visit);
            }
        }
        (Collection::List, Value::List(config), Value::List(proposed), Value::List(planned)) => {
            let prior = site.prior.and_then(elements);
            for (index, planned) in planned.iter_mut().enumerate() {
                let path = level.path.then_index(index);
                let element = Element {
                    config: config.get(index),
                    prior: prior.and_then(|prior| prior.get(index)),
                    proposed: proposed.get(index),
                };
                walk_element(level.element(&path), element, planned, visit);
            }
        }
        (Collection::Set, Value::List(config), Value::List(proposed), Value::List(planned)) => {
            let level = Level {
                in_set: true,
                ..level
            };
            let prior = site.prior.and_then(elements).unwrap_or_default();
            let counterparts = correlate(level.block, config, prior, proposed);
            for ((planned, proposed), found) in planned.iter_mut().zip(proposed).zip(counterparts) {
                let element = Element {
                    config: found.config,
                    prior: found.prior,
                    proposed: Some(proposed),
                };
                walk_element(level, element, planned, visit);
            }
        }
        (_, config, proposed, planned) => {
            let element = Element {
                config: Some(config),
                prior: site.prior,
                proposed: Some(proposed),
            };
            walk_element(level, element, planned, visit);
        }
    }
}

/// One nested object in all its versions but the planned one.
struct Element<'a> {
    config: Option<&'a Value>,
    prior: Option<&'a Value>,
    proposed: Option<&'a Value>,
}

fn walk_element(
    level: Level<'_>,
    element: Element<'_>,
    planned: &mut Value,
    visit: &mut dyn Visit,
) {
    match (element.config, element.proposed, planned) {
        (Some(Value::Map(config)), Some(Value::Map(proposed)), Value::Map(planned)) => {
            let beside = Beside {
                config,
                prior: element.prior.and_then(attributes),
                proposed,
            };
            walk_object(level, beside, planned, visit);
        }
        (Some(config), _, planned) if config.is_unknown() && planned.is_unknown() => {
            visit.unknown(level.block, level.path);
        }
        // Null, or planned as a whole.
        _ => {}
    }
}

fn attributes(value: &Value) -> Option<&Attributes> {
    match value {
        Value::Map(attributes) => Some(attributes),
        _ => None,
    }
}

fn elements(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(elements) => Some(elements),
        _ => None,
    }
}

impl<'a> Beside<'a> {
    fn at(self, name: &str, path: &'a AttributePath) -> Site<'a> {
        let of = |attributes: &'a Attributes| attributes.get(name).unwrap_or(&Value::Null);
        Site {
            config: of(self.config),
            prior: self.prior.map(of),
            proposed: of(self.proposed),
            path,
        }
    }
}

impl Level<'_> {
    fn below(&self, name: &str) -> AttributePath {
        if self.in_set {
            self.path.clone()
        } else {
            self.path.then_attribute(name)
        }
    }

    /// The level of an element at a path, which counts unless it is below a set.
    fn element<'b>(&'b self, path: &'b AttributePath) -> Level<'b> {
        Level {
            path: if self.in_set { self.path } else { path },
            ..*self
        }
    }
}
