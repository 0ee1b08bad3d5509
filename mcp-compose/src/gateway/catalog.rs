//! All that is exposed, with its owner: an immutable snapshot with prepared list answers.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;

use tokio::time::Instant;

use super::validate::Schema;
use super::{names, uris};
use crate::child::handshake::Offers;
use crate::child::listing::{Entry, Kind};
use crate::child::supervisor::Child;
use crate::compose::{ChildSource, Namespace, Prefix, Problem, Settings, Validate};
use crate::wire::param_headers::ParamHeaders;
use crate::wire::version::META_SERVER_INFO;
use crate::wire::{FastMap, Object, Raw, json};

/// Most entries on one page of a list.
const PAGE_ENTRIES: usize = 2_000;
/// Bytes after which a page is full.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// How long a list stays fresh where every child announces its changes.
const TTL_MS: u64 = 60_000;
/// Most bytes of instructions that are passed on.
const MAX_INSTRUCTIONS: usize = 16 * 1024;

/// An exposed tool's way to its child.
#[derive(Debug)]
pub(crate) struct ToolRoute {
    pub(crate) child: Arc<Child>,
    pub(crate) original: Arc<str>,
    /// Checks arguments; `None` where that is off or left to the typed server itself.
    pub(crate) input: Option<Schema>,
    /// Checks structured results, where that was asked for.
    pub(crate) output: Option<Schema>,
    /// `Mcp-Param-*` rules of the tool.
    pub(crate) headers: Option<Arc<ParamHeaders>>,
    /// The entry that all this was made from.
    raw: Raw,
}

impl ToolRoute {
    /// What the tool takes, as its server describes it.
    pub(crate) fn input_schema(&self) -> Option<serde_json::Value> {
        let tool = Object::parse(self.raw.as_str()).ok()?;
        serde_json::from_str(tool.get("inputSchema")?).ok()
    }
}

/// An exposed prompt's, resource's or template's way to its child.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) child: Arc<Child>,
    pub(crate) original: String,
}

/// The prepared answers to one list method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pages {
    legacy: Vec<Raw>,
    modern: Vec<Raw>,
}

/// A snapshot of all that is exposed.
#[derive(Debug)]
pub(crate) struct Catalog {
    pages: [Pages; 4],
    tools: FastMap<String, Arc<ToolRoute>>,
    prompts: FastMap<String, Route>,
    resources: FastMap<String, Route>,
    templates: HashMap<String, Route>,
    /// Templates of children without a namespace, in order.
    bare_templates: Vec<Route>,
    /// What URL-normalising clients send for listed resources.
    aliases: HashMap<String, String>,
    /// Original URIs that exactly one child lists.
    originals: HashMap<String, Option<Route>>,
    children: Vec<Arc<Child>>,
    /// When it was put together.
    pub(crate) built: Instant,
    /// What children offer, taken together; what is not known yet is taken to be offered.
    pub(crate) offers: Offers,
    /// The children's instructions, under their namespaces.
    pub(crate) instructions: Option<String>,
    /// `{"name":..,"version":..}` of this server.
    pub(crate) server_info: Raw,
    /// Names that had to be changed: they were taken, or too long.
    pub(crate) collisions: Vec<Problem>,
    /// What was left out.
    pub(crate) problems: Vec<Problem>,
}

impl Catalog {
    /// Puts together what the children listed last. Routes of tools that did not change are taken
    /// over from `former`, compiled schemas and all.
    pub(crate) fn build(
        settings: &Settings,
        children: &[Arc<Child>],
        former: Option<&Self>,
    ) -> Self {
        let server_info = server_info(settings, children);
        let former = former.into_iter().flat_map(|former| former.tools.values());
        let mut builder = Builder {
            settings,
            former: former
                .map(|route| ((route.child.id, &*route.original), route))
                .collect(),
            items: Default::default(),
            catalog: Self {
                pages: std::array::from_fn(|_| Pages {
                    legacy: Vec::new(),
                    modern: Vec::new(),
                }),
                tools: FastMap::default(),
                prompts: FastMap::default(),
                resources: FastMap::default(),
                templates: HashMap::new(),
                bare_templates: Vec::new(),
                aliases: HashMap::new(),
                originals: HashMap::new(),
                children: children.to_vec(),
                built: Instant::now(),
                offers: Offers::default(),
                instructions: None,
                server_info,
                collisions: Vec::new(),
                problems: Vec::new(),
            },
        };
        builder.claim_local_names(children);
        for child in children {
            builder.add(child);
        }
        builder.finish(children)
    }

    /// How many things of a kind are exposed.
    pub(crate) fn len(&self, kind: Kind) -> usize {
        match kind {
            Kind::Tools => self.tools.len(),
            Kind::Prompts => self.prompts.len(),
            Kind::Resources => self.resources.len(),
            Kind::Templates => self.templates.len(),
        }
    }

    /// The prepared answer to a list method. The cursor is one of ours.
    pub(crate) fn page(&self, kind: Kind, cursor: Option<&str>, modern: bool) -> Option<&Raw> {
        let at = match cursor {
            None => 0,
            Some(cursor) => cursor
                .strip_prefix("page-")?
                .parse()
                .ok()
                .filter(|at| *at > 0)?,
        };
        let pages = &self.pages[kind as usize];
        if modern {
            pages.modern.get(at)
        } else {
            pages.legacy.get(at)
        }
    }

    /// The way to a tool.
    pub(crate) fn tool(&self, exposed: &str) -> Option<&Arc<ToolRoute>> {
        self.tools.get(exposed)
    }

    /// The way to a prompt.
    pub(crate) fn prompt(&self, exposed: &str) -> Option<&Route> {
        self.prompts.get(exposed)
    }

    /// All tools, by their exposed names, in no order.
    pub(crate) fn tools(&self) -> impl Iterator<Item = (&str, &ToolRoute)> {
        let tools = self.tools.iter();
        tools.map(|(exposed, route)| (exposed.as_str(), &**route))
    }

    /// Bytes of the whole list of one kind, as a client gets it.
    pub(crate) fn bytes(&self, kind: Kind) -> usize {
        let pages = self.pages[kind as usize].legacy.iter();
        pages.map(|page| page.as_str().len()).sum()
    }

    /// Every entry of a list, as clients of the legacy era get it: JSON objects.
    pub(crate) fn entries(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let pages = self.pages[kind as usize].legacy.iter();
        pages.flat_map(move |page| {
            let page = Object::parse(page.as_str()).ok();
            let list = page
                .as_ref()
                .and_then(|page| page.get_borrowed(kind.member()));
            list.and_then(|list| json::array_items(list).ok())
                .unwrap_or_default()
        })
    }

    /// Whose an exposed name or URI is, and what the owner calls it.
    pub(crate) fn owner(&self, kind: Kind, exposed: &str) -> Option<(&Child, &str)> {
        let route = match kind {
            Kind::Tools => {
                let route = self.tools.get(exposed)?;
                return Some((&route.child, &route.original));
            }
            Kind::Prompts => self.prompts.get(exposed),
            Kind::Resources => self.resources.get(exposed),
            Kind::Templates => self.templates.get(exposed),
        };
        route.map(|route| (&*route.child, route.original.as_str()))
    }

    /// The exposed tool names.
    pub(crate) fn tool_names(&self) -> impl Iterator<Item = &str> {
        self.tools.keys().map(String::as_str)
    }

    /// The way to a resource: a listed one, an instance of a template, or anything under a
    /// child's namespace.
    pub(crate) fn resource(&self, uri: &str) -> Option<Route> {
        if let Some(route) = self.resources.get(uri) {
            return Some(route.clone());
        }
        if let Some(route) = self
            .aliases
            .get(uri)
            .and_then(|exposed| self.resources.get(exposed))
        {
            return Some(route.clone());
        }
        for child in &self.children {
            if let Some(namespace) = &child.spec.namespace
                && let Some(original) = uris::original(namespace, uri)
            {
                let offered = child.spec.options.offers_resource(&original);
                return offered.then(|| Route {
                    child: Arc::clone(child),
                    original,
                });
            }
        }
        if let Some(template) = self.bare_templates.iter().find(|route| {
            uris::matches(&route.original, uri) && route.child.spec.options.offers_resource(uri)
        }) {
            return Some(Route {
                child: Arc::clone(&template.child),
                original: uri.to_owned(),
            });
        }
        // A URI that stood in a text or in structured content, which are never rewritten.
        if let Some(Some(route)) = self.originals.get(uri) {
            return Some(route.clone());
        }
        self.only_bare_child(|offers| offers.resources)
            .filter(|child| child.spec.options.offers_resource(uri))
            .map(|child| Route {
                child,
                original: uri.to_owned(),
            })
    }

    /// The way to a resource template (or to a resource whose variables are to be completed).
    pub(crate) fn template(&self, uri: &str) -> Option<Route> {
        self.templates
            .get(uri)
            .cloned()
            .or_else(|| self.resource(uri))
    }

    /// The one child without a namespace that is not of this process and offers something.
    pub(crate) fn only_bare_child(&self, offers: impl Fn(&Offers) -> bool) -> Option<Arc<Child>> {
        let mut bare = self.children.iter().filter(|child| {
            child.spec.namespace.is_none()
                && !child.is_local()
                && child
                    .profile()
                    .is_none_or(|profile| offers(&profile.offers))
        });
        let first = bare.next()?;
        bare.next().is_none().then(|| Arc::clone(first))
    }

    /// The lists that differ from those of `former`.
    pub(crate) fn changed_since(&self, former: &Self) -> Vec<Kind> {
        Kind::ALL
            .into_iter()
            .filter(|kind| self.pages[*kind as usize].legacy != former.pages[*kind as usize].legacy)
            .collect()
    }
}

/// Who this server is. What the settings leave open is taken from the one typed server that stands
/// for the whole, if there is one.
fn server_info(settings: &Settings, children: &[Arc<Child>]) -> Raw {
    let mut own = children
        .iter()
        .filter_map(|child| match &child.spec.source {
            ChildSource::Local(server) if child.spec.namespace.is_none() => Some(server.info()),
            _ => None,
        });
    let own = own.next().filter(|_| own.next().is_none());
    let mut info = Object::default();
    // A composition of nothing but one typed server goes by that server's name.
    let sole = own.filter(|_| children.len() == 1);
    let name = settings
        .name
        .as_deref()
        .or(sole.map(|own| own.name.as_str()));
    info.set("name", json::quote(name.unwrap_or(settings.name())));
    let title = settings.title.as_deref();
    if let Some(title) = title.or(own.and_then(|own| own.title.as_deref())) {
        info.set("title", json::quote(title));
    }
    let version = settings
        .version
        .as_deref()
        .or(sole.map(|own| own.version.as_str()));
    info.set(
        "version",
        json::quote(version.unwrap_or(settings.version())),
    );
    if let Some(website) = own.and_then(|own| own.website.as_deref()) {
        info.set("websiteUrl", json::quote(website));
    }
    if let Some(icons) = own.and_then(|own| own.icons.as_deref()) {
        info.set("icons", icons.to_owned());
    }
    info.to_raw()
}

/// An entry as clients of each era see it.
struct Item {
    legacy: String,
    modern: Option<String>,
}

struct Builder<'a> {
    settings: &'a Settings,
    /// Routes of the snapshot before, by child and original name.
    former: HashMap<(u64, &'a str), &'a Arc<ToolRoute>>,
    items: [Vec<Item>; 4],
    catalog: Catalog,
}

impl Builder<'_> {
    /// Names of typed servers of this process come first: no child can take them.
    fn claim_local_names(&mut self, children: &[Arc<Child>]) {
        for child in children
            .iter()
            .filter(|child| child.is_local() && child.spec.namespace.is_none())
        {
            for entry in child.listing().of(Kind::Tools) {
                let options = &child.spec.options;
                // What is wrong with one is told when it is added.
                let Ok(Some((name, _))) = options.listed(&entry.original, entry.raw.as_str())
                else {
                    continue;
                };
                let route = self.tool_route(child, entry);
                self.catalog.tools.entry(name).or_insert(route);
            }
        }
    }

    fn add(&mut self, child: &Arc<Child>) {
        let listing = child.listing();
        for kind in Kind::ALL {
            for problem in &listing.problems[kind as usize] {
                self.left_out(child, problem);
            }
            for entry in listing.of(kind) {
                match kind {
                    Kind::Tools => self.add_tool(child, entry),
                    Kind::Prompts => self.add_prompt(child, entry),
                    Kind::Resources => self.add_resource(child, entry),
                    Kind::Templates => self.add_template(child, entry),
                }
            }
        }
    }

    /// The name under which something of this name is exposed.
    fn expose(&mut self, child: &Arc<Child>, kind: Kind, original: &str, name: &str) -> String {
        let namespace = child.spec.namespace.as_ref().map(Namespace::as_str);
        let prefix = child.spec.options.prefix;
        let mut exposed = name.to_owned();
        let max = self.settings.max_name;
        if let Some(namespace) = namespace
            && match prefix {
                Prefix::Always => true,
                Prefix::OnConflict => self.owner(child, kind, original, name).is_some(),
                Prefix::Never => false,
            }
        {
            let separator = &self.settings.separator;
            exposed = names::expose(Some(namespace), separator, name, max);
            let whole = format!("{namespace}{separator}{name}");
            let length = whole.chars().count();
            if length > max {
                let noun = kind.noun();
                self.catalog.collisions.push(self.problem(
                    child,
                    format!("{noun} `{whole}` has {length} characters, more than max_name ({max}); it is exposed as `{exposed}`"),
                ));
            }
        } else if name.chars().count() > max {
            let (noun, length) = (kind.noun(), name.chars().count());
            self.catalog.collisions.push(self.problem(
                child,
                format!("{noun} `{name}` has {length} characters, more than max_name ({max})"),
            ));
        }
        match self.owner(child, kind, original, &exposed) {
            Some(owner) => self.rename(child, kind, &exposed, original, &owner),
            None => exposed,
        }
    }

    /// Whose a name is, if something else has it.
    fn owner(
        &self,
        child: &Arc<Child>,
        kind: Kind,
        original: &str,
        exposed: &str,
    ) -> Option<String> {
        let (owner, theirs) = match kind {
            Kind::Tools => {
                let route = self.catalog.tools.get(exposed)?;
                (&route.child, &*route.original)
            }
            _ => {
                let route = self.catalog.prompts.get(exposed)?;
                (&route.child, route.original.as_str())
            }
        };
        let same = Arc::ptr_eq(owner, child) && theirs == original;
        (!same).then(|| owner.label.clone())
    }

    fn add_tool(&mut self, child: &Arc<Child>, entry: &Entry) {
        let options = &child.spec.options;
        let (name, tool) = match options.listed(&entry.original, entry.raw.as_str()) {
            Ok(Some(listed)) => listed,
            Ok(None) => return,
            Err(why) => return self.left_out(child, why),
        };
        let exposed = self.expose(child, Kind::Tools, &entry.original, &name);
        let route = self.tool_route(child, entry);
        self.catalog.tools.insert(exposed.clone(), route);

        let Ok(mut object) = Object::parse(&tool) else {
            return;
        };
        object.set("name", json::quote(&exposed));
        if let Some(description) = options.description(&entry.original) {
            object.set("description", json::quote(description));
        }
        if let Some(meta) = object.get("_meta").and_then(|meta| expose_ui(child, meta)) {
            object.set("_meta", meta);
        }
        let legacy = object.to_json();
        // Tasks of 2025-11-25; strict clients of the next revision refuse the member.
        let modern = object.remove("execution").map(|_| object.to_json());
        self.items[Kind::Tools as usize].push(Item { legacy, modern });
    }

    fn tool_route(&self, child: &Arc<Child>, entry: &Entry) -> Arc<ToolRoute> {
        if let Some(route) = self.former.get(&(child.id, entry.original.as_str()))
            && route.raw == entry.raw
        {
            return Arc::clone(route);
        }
        let object = Object::parse(entry.raw.as_str()).unwrap_or_default();
        let schema = |key: &str| object.get_borrowed(key).map(|text| entry.raw.slice(text));
        let validate = child.spec.options.validate;
        // A typed server reads its own arguments and says better what is wrong with them.
        let checked = validate != Validate::Off && !child.is_local();
        let headers = schema("inputSchema")
            .filter(|schema| schema.as_str().contains("x-mcp-header"))
            .and_then(|schema| ParamHeaders::from_schema(schema.as_str()).ok().flatten())
            .map(Arc::new);
        Arc::new(ToolRoute {
            child: Arc::clone(child),
            original: entry.original.as_str().into(),
            input: schema("inputSchema").filter(|_| checked).map(Schema::new),
            output: schema("outputSchema")
                .filter(|_| validate == Validate::ArgumentsAndOutput)
                .map(Schema::new),
            headers,
            raw: entry.raw.clone(),
        })
    }

    fn add_prompt(&mut self, child: &Arc<Child>, entry: &Entry) {
        if !child.spec.options.offers_prompt(&entry.original) {
            return;
        }
        let exposed = self.expose(child, Kind::Prompts, &entry.original, &entry.original);
        let route = Route {
            child: Arc::clone(child),
            original: entry.original.clone(),
        };
        self.catalog.prompts.insert(exposed.clone(), route);
        self.push(Kind::Prompts, entry, &exposed);
    }

    fn add_resource(&mut self, child: &Arc<Child>, entry: &Entry) {
        if !child.spec.options.offers_resource(&entry.original) {
            return;
        }
        let exposed = uris::expose(child.spec.namespace.as_ref(), &entry.original);
        let route = Route {
            child: Arc::clone(child),
            original: entry.original.clone(),
        };
        match self.catalog.resources.entry(exposed.clone()) {
            Slot::Occupied(owner) => {
                let owner = owner.get().child.label.clone();
                let why =
                    format!("resource `{exposed}` belongs to `{owner}` already and is left out");
                return self.left_out(child, why);
            }
            Slot::Vacant(slot) => {
                slot.insert(route.clone());
            }
        }
        if let Some(alias) = uris::normalised(&exposed) {
            self.catalog
                .aliases
                .entry(alias)
                .or_insert_with(|| exposed.clone());
        }
        self.catalog
            .originals
            .entry(entry.original.clone())
            .and_modify(|owner| *owner = None)
            .or_insert(Some(route));
        self.push(Kind::Resources, entry, &exposed);
    }

    fn add_template(&mut self, child: &Arc<Child>, entry: &Entry) {
        let exposed = uris::expose(child.spec.namespace.as_ref(), &entry.original);
        let route = Route {
            child: Arc::clone(child),
            original: entry.original.clone(),
        };
        if child.spec.namespace.is_none() {
            self.catalog.bare_templates.push(route.clone());
        }
        // Not listed, but what it stands for may be read.
        if !child.spec.options.offers_resource(&entry.original) {
            return;
        }
        match self.catalog.templates.entry(exposed.clone()) {
            Slot::Occupied(owner) => {
                let owner = owner.get().child.label.clone();
                let why = format!(
                    "resource template `{exposed}` belongs to `{owner}` already and is left out"
                );
                return self.left_out(child, why);
            }
            Slot::Vacant(slot) => {
                slot.insert(route);
            }
        }
        self.push(Kind::Templates, entry, &exposed);
    }

    fn push(&mut self, kind: Kind, entry: &Entry, exposed: &str) {
        let Ok(mut object) = Object::parse(entry.raw.as_str()) else {
            return;
        };
        object.set(kind.key(), json::quote(exposed));
        self.items[kind as usize].push(Item {
            legacy: object.to_json(),
            modern: None,
        });
    }

    /// A name that is taken gets a hash of what is behind it.
    fn rename(
        &mut self,
        child: &Arc<Child>,
        kind: Kind,
        exposed: &str,
        original: &str,
        owner: &str,
    ) -> String {
        let mut seed = format!("{}\0{original}", child.label);
        let max = self.settings.max_name.max(exposed.len().min(128));
        let mut renamed = names::with_hash(exposed, &seed, max);
        // The hash is no secret: a child can have a tool of that very name.
        while self.owner(child, kind, original, &renamed).is_some() {
            seed.push('\0');
            renamed = names::with_hash(exposed, &seed, max);
        }
        let noun = kind.noun();
        self.catalog.collisions.push(self.problem(
            child,
            format!(
                "{noun} `{exposed}` is already that of `{owner}`; it is exposed as `{renamed}`"
            ),
        ));
        renamed
    }

    /// What is wrong with a name; a strict composition does not start because of it.
    fn problem(&self, child: &Child, message: String) -> Problem {
        let make = if self.settings.strict {
            Problem::error
        } else {
            Problem::warning
        };
        make(child.label.clone(), message)
    }

    fn left_out(&mut self, child: &Child, why: impl Into<String>) {
        let problem = Problem::warning(&child.label, why);
        self.catalog.problems.push(problem);
    }

    fn finish(mut self, children: &[Arc<Child>]) -> Catalog {
        let mut ttl = TTL_MS;
        let mut private = false;
        for child in children {
            let listing = child.listing();
            ttl = ttl.min(listing.ttl_ms.unwrap_or(TTL_MS));
            private |= listing.private;
        }
        let tail = format!(
            ",\"resultType\":\"complete\",\"ttlMs\":{ttl},\"cacheScope\":\"{}\",\"_meta\":{{\"{META_SERVER_INFO}\":{}}}}}",
            if private { "private" } else { "public" },
            self.catalog.server_info.as_str()
        );
        for kind in Kind::ALL {
            let items = std::mem::take(&mut self.items[kind as usize]);
            let legacy = pages(kind, items.iter().map(|item| item.legacy.as_str()), "}");
            let modern = items
                .iter()
                .map(|item| item.modern.as_deref().unwrap_or(&item.legacy));
            let modern = pages(kind, modern, &tail);
            self.catalog.pages[kind as usize] = Pages { legacy, modern };
        }
        self.catalog.offers = offers(children);
        self.catalog.instructions = instructions(self.settings, children);
        self.catalog
    }
}

fn pages<'i>(kind: Kind, items: impl Iterator<Item = &'i str>, tail: &str) -> Vec<Raw> {
    let mut pages = Vec::new();
    let open = || format!("{{\"{}\":[", kind.member());
    let mut text = open();
    let mut entries = 0;
    for item in items {
        if entries == PAGE_ENTRIES || (entries > 0 && text.len() + item.len() > PAGE_BYTES) {
            text.push_str("],\"nextCursor\":\"page-");
            text.push_str(&(pages.len() + 1).to_string());
            text.push('"');
            text.push_str(tail);
            pages.push(Raw::from_json(std::mem::replace(&mut text, open())));
            entries = 0;
        }
        if entries > 0 {
            text.push(',');
        }
        text.push_str(item);
        entries += 1;
    }
    text.push(']');
    text.push_str(tail);
    pages.push(Raw::from_json(text));
    pages
}

/// What the children offer together. A child that was never reached may offer anything.
fn offers(children: &[Arc<Child>]) -> Offers {
    let mut all = Offers {
        logging: true,
        ..Offers::default()
    };
    for child in children {
        let Some(profile) = child.profile() else {
            return Offers {
                tools: true,
                prompts: true,
                resources: true,
                subscribe: true,
                completions: true,
                logging: true,
                tasks: true,
                hops: false,
            };
        };
        let offers = profile.offers;
        all.tools |= offers.tools;
        all.prompts |= offers.prompts;
        all.resources |= offers.resources;
        all.subscribe |= offers.subscribe;
        all.completions |= offers.completions;
        all.tasks |= offers.tasks;
    }
    all
}

fn instructions(settings: &Settings, children: &[Arc<Child>]) -> Option<String> {
    let mut text = settings.instructions.clone().unwrap_or_default();
    for child in children {
        let Some(profile) = child.profile() else {
            continue;
        };
        let Some(instructions) = profile
            .instructions
            .as_deref()
            .filter(|text| !text.trim().is_empty())
        else {
            continue;
        };
        if text.len() + instructions.len() > MAX_INSTRUCTIONS {
            continue;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        if let Some(namespace) = &child.spec.namespace {
            text.push_str(&format!("## {namespace}\n"));
        }
        text.push_str(instructions);
    }
    (!text.is_empty()).then_some(text)
}

/// Rewrites the place of a tool's user interface in its `_meta`.
fn expose_ui(child: &Child, meta: &str) -> Option<String> {
    let namespace = child.spec.namespace.as_ref()?;
    let mut object = Object::parse(meta).ok()?;
    let mut changed = false;
    if let Some(uri) = object
        .string("ui/resourceUri")
        .map(std::borrow::Cow::into_owned)
    {
        object.set(
            "ui/resourceUri",
            json::quote(&uris::expose(Some(namespace), &uri)),
        );
        changed = true;
    }
    if let Some(ui) = object.get("ui").map(str::to_owned)
        && let Ok(mut ui) = Object::parse(&ui)
        && let Some(uri) = ui.string("resourceUri").map(std::borrow::Cow::into_owned)
    {
        ui.set(
            "resourceUri",
            json::quote(&uris::expose(Some(namespace), &uri)),
        );
        object.set("ui", ui.to_json());
        changed = true;
    }
    changed.then(|| object.to_json())
}
