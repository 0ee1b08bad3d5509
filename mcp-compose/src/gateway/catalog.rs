//! All that is exposed, with its owner: an immutable snapshot with prepared list answers.

mod part;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::Instant;

use super::validate::Schema;
use super::{names, rewrite, uris};
use crate::child::handshake::Offers;
use crate::child::listing::{Entry, Kind};
use crate::child::supervisor::Child;
use crate::compose::{ChildSource, Namespace, Prefix, Problem, Reach, Settings, Validate};
use crate::wire::param_headers::ParamHeaders;
use crate::wire::version::META_SERVER_INFO;
use crate::wire::{FastMap, Object, Raw, json};

pub(crate) use part::Part;

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
    /// URIs of the user interfaces of tools. In a profile they come with the tools, listed or not.
    interfaces: HashSet<String>,
    /// What of the composition this is.
    part: Part,
    /// Those that something here can be of.
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

/// The catalogs of a composition that are made of one another.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) whole: Catalog,
    /// In the order of the settings' profiles.
    pub(crate) profiles: Vec<Catalog>,
}

impl Catalog {
    /// Puts together what the children listed last, and what of it is in each profile. Routes of tools
    /// that did not change are taken over from `former`, compiled schemas and all.
    pub(crate) fn build(
        settings: &Settings,
        children: &[Arc<Child>],
        former: Option<&Self>,
    ) -> Built {
        let profiles = settings.profiles.iter();
        let profiles = profiles.map(|(_, profile)| Part::Profile(Arc::clone(profile)));
        let parts = std::iter::once(Part::Whole).chain(profiles);
        let mut catalogs = Builder::new(settings, children, former, parts)
            .all(children)
            .into_iter();
        Built {
            // The part that was named first.
            whole: catalogs.next().unwrap_or_else(|| Self::empty(Part::Whole)),
            profiles: catalogs.collect(),
        }
    }

    /// As [`Catalog::build`], of one child under its own names. `None`: it is gone.
    pub(crate) fn alone(
        settings: &Settings,
        child: Option<&Arc<Child>>,
        former: Option<&Self>,
    ) -> Self {
        let children = child.map(std::slice::from_ref).unwrap_or_default();
        let part = std::iter::once(Part::Alone);
        let catalogs = Builder::new(settings, children, former, part).all(children);
        let mut catalogs = catalogs.into_iter();
        catalogs.next().unwrap_or_else(|| Self::empty(Part::Alone))
    }

    fn empty(part: Part) -> Self {
        Self {
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
            interfaces: HashSet::new(),
            part,
            children: Vec::new(),
            built: Instant::now(),
            offers: Offers::default(),
            instructions: None,
            server_info: Raw::from_static("{}"),
            collisions: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// What of the composition this is.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// The children that something here can be of, in the order of their declaration.
    pub(crate) fn children(&self) -> &[Arc<Child>] {
        &self.children
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
            if let Some(namespace) = self.part.namespace(child)
                && let Some(original) = uris::original(namespace, uri)
            {
                return self.offers(child, &original).then(|| Route {
                    child: Arc::clone(child),
                    original,
                });
            }
        }
        if let Some(template) = self
            .bare_templates
            .iter()
            .find(|route| uris::matches(&route.original, uri) && self.offers(&route.child, uri))
        {
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
            .filter(|child| self.offers(child, uri))
            .map(|child| Route {
                child,
                original: uri.to_owned(),
            })
    }

    /// Whether a resource that is not listed can be read.
    fn offers(&self, child: &Arc<Child>, original: &str) -> bool {
        if !child.spec.options.offers_resource(original) {
            return false;
        }
        let Part::Profile(_) = &self.part else {
            return true;
        };
        let exposed = uris::expose(self.part.namespace(child), original);
        let instance = || {
            let mut theirs = self.templates.values();
            theirs.any(|route| {
                Arc::ptr_eq(&route.child, child) && uris::matches(&route.original, original)
            })
        };
        self.part.takes(child, &exposed, &self.interfaces)
            || (instance() && !self.part.refuses(&exposed))
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
            self.part.namespace(child).is_none()
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

/// Who one child by itself is.
fn own_info(settings: &Settings, child: Option<&Arc<Child>>) -> Raw {
    let said = child.and_then(|child| child.profile()?.info.clone());
    said.unwrap_or_else(|| {
        let (name, version) = match child {
            None => (settings.name(), settings.version()),
            Some(child) => match &child.spec.source {
                ChildSource::Local(server) => (&*server.info().name, &*server.info().version),
                _ => (&*child.label, settings.version()),
            },
        };
        let mut info = Object::default();
        info.set("name", json::quote(name));
        info.set("version", json::quote(version));
        info.to_raw()
    })
}

/// An entry as clients of each era see it.
struct Item {
    legacy: String,
    modern: Option<String>,
}

/// A catalog that is being put together.
struct Draft {
    items: [Vec<Rc<Item>>; 4],
    catalog: Catalog,
}

impl Draft {
    fn new(part: Part) -> Self {
        Self {
            items: Default::default(),
            catalog: Catalog::empty(part),
        }
    }

    /// Whether what a child exposes in the whole under this name or URI is in it.
    fn takes(&self, child: &Child, exposed: &str) -> bool {
        let Catalog {
            part, interfaces, ..
        } = &self.catalog;
        part.takes(child, exposed, interfaces)
    }
}

struct Builder<'a> {
    settings: &'a Settings,
    /// Routes of the snapshot before, by child and original name.
    former: HashMap<(u64, &'a str), &'a Arc<ToolRoute>>,
    /// Names are made in the first one; the others have what they take of it.
    first: Draft,
    others: Vec<Draft>,
}

impl<'a> Builder<'a> {
    fn new(
        settings: &'a Settings,
        children: &[Arc<Child>],
        former: Option<&'a Catalog>,
        mut parts: impl Iterator<Item = Part>,
    ) -> Self {
        let former = former.into_iter().flat_map(|former| former.tools.values());
        let mut builder = Self {
            settings,
            former: former
                .map(|route| ((route.child.id, &*route.original), route))
                .collect(),
            first: Draft::new(parts.next().unwrap_or(Part::Whole)),
            others: parts.map(Draft::new).collect(),
        };
        builder.claim_local_names(children);
        for child in children {
            builder.add(child);
        }
        builder
    }

    /// The namespace that the names and URIs of a child get.
    fn namespace<'c>(&self, child: &'c Child) -> Option<&'c Namespace> {
        self.first.catalog.part.namespace(child)
    }

    /// Those that take what a child exposes under this name or URI.
    fn takers<'d>(
        &'d mut self,
        child: &'d Child,
        exposed: &'d str,
    ) -> impl Iterator<Item = &'d mut Draft> {
        let drafts = std::iter::once(&mut self.first).chain(&mut self.others);
        drafts.filter(move |draft| draft.takes(child, exposed))
    }
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
                self.first.catalog.tools.entry(name).or_insert(route);
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
        let namespace = self.namespace(child).map(Namespace::as_str);
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
                let problem = self.problem(
                    child,
                    format!("{noun} `{whole}` has {length} characters, more than max_name ({max}); it is exposed as `{exposed}`"),
                );
                self.first.catalog.collisions.push(problem);
            }
        } else if name.chars().count() > max {
            let (noun, length) = (kind.noun(), name.chars().count());
            let problem = self.problem(
                child,
                format!("{noun} `{name}` has {length} characters, more than max_name ({max})"),
            );
            self.first.catalog.collisions.push(problem);
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
                let route = self.first.catalog.tools.get(exposed)?;
                (&route.child, &*route.original)
            }
            _ => {
                let route = self.first.catalog.prompts.get(exposed)?;
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
        let Ok(mut object) = Object::parse(&tool) else {
            return;
        };
        object.set("name", json::quote(&exposed));
        if let Some(description) = options.description(&entry.original) {
            object.set("description", json::quote(description));
        }
        let namespace = self.namespace(child);
        let meta = object.get("_meta");
        if let Some(meta) = meta.and_then(|meta| rewrite::expose_ui(namespace, meta)) {
            object.set("_meta", meta);
        }
        let interfaces = rewrite::ui_of(&object);
        let legacy = object.to_json();
        // Tasks of 2025-11-25; strict clients of the next revision refuse the member.
        let modern = object.remove("execution").map(|_| object.to_json());
        let item = Rc::new(Item { legacy, modern });
        for draft in self.takers(child, &exposed) {
            let tools = &mut draft.catalog.tools;
            tools.insert(exposed.clone(), Arc::clone(&route));
            draft.items[Kind::Tools as usize].push(Rc::clone(&item));
            draft.catalog.interfaces.extend(interfaces.iter().cloned());
        }
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
        let Some(name) = child.spec.options.prompt_name(&entry.original) else {
            return;
        };
        let exposed = self.expose(child, Kind::Prompts, &entry.original, name);
        let route = Route {
            child: Arc::clone(child),
            original: entry.original.clone(),
        };
        let Some(item) = item(Kind::Prompts, entry, &exposed) else {
            return;
        };
        for draft in self.takers(child, &exposed) {
            let prompts = &mut draft.catalog.prompts;
            prompts.insert(exposed.clone(), route.clone());
            draft.items[Kind::Prompts as usize].push(Rc::clone(&item));
        }
    }

    fn add_resource(&mut self, child: &Arc<Child>, entry: &Entry) {
        if !child.spec.options.offers_resource(&entry.original) {
            return;
        }
        let exposed = uris::expose(self.namespace(child), &entry.original);
        if let Some(owner) = self.first.catalog.resources.get(&exposed) {
            let owner = &owner.child.label;
            let why = format!("resource `{exposed}` belongs to `{owner}` already and is left out");
            return self.left_out(child, why);
        }
        let route = Route {
            child: Arc::clone(child),
            original: entry.original.clone(),
        };
        let Some(item) = item(Kind::Resources, entry, &exposed) else {
            return;
        };
        let alias = uris::normalised(&exposed);
        for draft in self.takers(child, &exposed) {
            let catalog = &mut draft.catalog;
            catalog.resources.insert(exposed.clone(), route.clone());
            if let Some(alias) = alias.clone() {
                let spelt = catalog.aliases.entry(alias);
                spelt.or_insert_with(|| exposed.clone());
            }
            catalog
                .originals
                .entry(entry.original.clone())
                .and_modify(|owner| *owner = None)
                .or_insert_with(|| Some(route.clone()));
            draft.items[Kind::Resources as usize].push(Rc::clone(&item));
        }
    }

    fn add_template(&mut self, child: &Arc<Child>, entry: &Entry) {
        let namespace = self.namespace(child);
        let exposed = uris::expose(namespace, &entry.original);
        let route = Route {
            child: Arc::clone(child),
            original: entry.original.clone(),
        };
        if namespace.is_none() {
            for draft in std::iter::once(&mut self.first).chain(&mut self.others) {
                draft.catalog.bare_templates.push(route.clone());
            }
        }
        // Not listed, but what it stands for may be read.
        if !child.spec.options.offers_resource(&entry.original) {
            return;
        }
        if let Some(owner) = self.first.catalog.templates.get(&exposed) {
            let owner = &owner.child.label;
            let why = format!(
                "resource template `{exposed}` belongs to `{owner}` already and is left out"
            );
            return self.left_out(child, why);
        }
        let Some(item) = item(Kind::Templates, entry, &exposed) else {
            return;
        };
        for draft in self.takers(child, &exposed) {
            let templates = &mut draft.catalog.templates;
            templates.insert(exposed.clone(), route.clone());
            draft.items[Kind::Templates as usize].push(Rc::clone(&item));
        }
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
        let problem = self.problem(
            child,
            format!(
                "{noun} `{exposed}` is already that of `{owner}`; it is exposed as `{renamed}`"
            ),
        );
        self.first.catalog.collisions.push(problem);
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
        self.first.catalog.problems.push(problem);
    }

    /// The catalogs, in the order in which their parts were given.
    fn all(self, children: &[Arc<Child>]) -> Vec<Catalog> {
        let drafts = std::iter::once(self.first).chain(self.others);
        drafts
            .map(|draft| draft.finish(self.settings, children))
            .collect()
    }
}

impl Draft {
    fn finish(mut self, settings: &Settings, children: &[Arc<Child>]) -> Catalog {
        let part = &self.catalog.part;
        let reached = |child: &Arc<Child>| (Arc::clone(child), part.reach(&child.spec, settings));
        let reached: Vec<_> = children
            .iter()
            .map(reached)
            .filter(|(_, reach)| !reach.is_empty())
            .collect();
        self.catalog.server_info = match part {
            Part::Alone => own_info(settings, children.first()),
            Part::Whole | Part::Profile(_) => server_info(settings, children),
        };
        let mut ttl = TTL_MS;
        let mut private = false;
        for (child, _) in &reached {
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
        self.catalog.offers = offers(&reached);
        // Many servers have some, and do not say so.
        self.catalog.offers.ui |= !self.catalog.interfaces.is_empty();
        self.catalog.instructions = match self.catalog.part {
            Part::Alone => {
                let profile = children.first().and_then(|child| child.profile());
                profile.and_then(|profile| profile.instructions.clone())
            }
            Part::Whole | Part::Profile(_) => instructions(settings, &reached),
        };
        self.catalog.children = reached.into_iter().map(|(child, _)| child).collect();
        self.catalog
    }
}

/// An entry under the name or URI that it is exposed under.
fn item(kind: Kind, entry: &Entry, exposed: &str) -> Option<Rc<Item>> {
    let mut object = Object::parse(entry.raw.as_str()).ok()?;
    object.set(kind.key(), json::quote(exposed));
    Some(Rc::new(Item {
        legacy: object.to_json(),
        modern: None,
    }))
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
fn offers(children: &[(Arc<Child>, Reach)]) -> Offers {
    let mut all = Offers {
        logging: true,
        ..Offers::default()
    };
    for (child, reach) in children {
        let offers = child.profile().map_or(
            Offers {
                tools: true,
                prompts: true,
                resources: true,
                subscribe: true,
                completions: true,
                logging: true,
                tasks: true,
                ui: false,
                hops: false,
            },
            |profile| profile.offers,
        );
        all.tools |= offers.tools && reach.names;
        all.prompts |= offers.prompts && reach.names;
        all.resources |= offers.resources && reach.uris;
        all.subscribe |= offers.subscribe && reach.uris;
        all.completions |= offers.completions;
        all.tasks |= offers.tasks && reach.names;
        all.ui |= offers.ui && reach.names;
    }
    all
}

fn instructions(settings: &Settings, children: &[(Arc<Child>, Reach)]) -> Option<String> {
    let mut text = settings.instructions.clone().unwrap_or_default();
    for (child, _) in children {
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
