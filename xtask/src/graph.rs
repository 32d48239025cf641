//! What a link would keep: the sections that exported functions reach in a static library, through its relocations.
//!
//! This is the walk of a linker with `--gc-sections`, so it needs no linker and can also name the calls on the way.

use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionKind, SymbolKind};
use std::collections::{HashMap, VecDeque};

/// All sections of a static library, and who refers to whom.
#[derive(Default)]
pub struct Graph {
    nodes: Vec<Node>,
    globals: HashMap<String, Definition>,
}

struct Node {
    name: String,
    size: u64,
    kind: SectionKind,
    edges: Vec<Edge>,
}

enum Edge {
    Node(usize),
    Symbol(String),
}

struct Definition {
    node: usize,
    weak: bool,
}

/// What some roots reach.
#[derive(Debug, Default)]
pub struct Reach {
    /// Bytes of machine code.
    pub text: u64,
    /// Bytes of constants.
    pub rodata: u64,
    /// Functions.
    pub functions: usize,
    /// For every function that calls a forbidden one, the shortest way to that call from a root.
    pub forbidden: Vec<Vec<String>>,
}

impl Graph {
    /// Reads every ELF object of a static library.
    pub fn read(archive: &[u8]) -> object::Result<Self> {
        let mut graph = Self::default();
        for member in ArchiveFile::parse(archive)?.members() {
            let data = member?.data(archive)?;
            if data.starts_with(b"\x7fELF") {
                graph.add(&object::File::parse(data)?)?;
            }
        }
        Ok(graph)
    }

    /// Defined global symbols with this prefix, sorted.
    pub fn exports(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<_> = self.globals.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        names.sort();
        names
    }

    /// Walks from the roots, nearest first, so that the first way found to a name is a shortest one.
    pub fn reach(&self, roots: &[String], forbidden: impl Fn(&str) -> bool) -> Reach {
        let mut reach = Reach::default();
        let mut visited: HashMap<Stop, Option<Stop>> = HashMap::new();
        let mut queue = VecDeque::new();
        for root in roots {
            let stop = self.resolve(root);
            visited.entry(stop).or_insert_with(|| {
                queue.push_back(stop);
                None
            });
        }
        while let Some(stop) = queue.pop_front() {
            let Stop::Node(index) = stop else { continue };
            let node = &self.nodes[index];
            reach.count(node);
            for next in node.edges.iter().map(|edge| self.follow(edge)) {
                if forbidden(self.name(next)) {
                    // Once for each caller; what lies behind the forbidden name is its own affair.
                    let way = self.way(stop, self.name(next), &visited);
                    if !reach.forbidden.contains(&way) {
                        reach.forbidden.push(way);
                    }
                    continue;
                }
                visited.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    Some(stop)
                });
            }
        }
        reach
    }

    fn add(&mut self, file: &object::File<'_>) -> object::Result<()> {
        let mut place = HashMap::new();
        for section in file.sections() {
            place.insert(section.index(), self.nodes.len());
            let (name, size, kind) = (section.name()?.to_owned(), section.size(), section.kind());
            self.nodes.push(Node { name, size, kind, edges: vec![] });
        }
        for symbol in file.symbols() {
            let Some(&node) = symbol.section_index().and_then(|index| place.get(&index)) else {
                continue;
            };
            let name = symbol.name()?;
            if symbol.is_global() {
                self.define(name, Definition { node, weak: symbol.is_weak() });
            }
            if matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data) && !name.is_empty() {
                self.nodes[node].name = format!("{:#}", rustc_demangle::demangle(name));
            }
        }
        for section in file.sections() {
            for (_, relocation) in section.relocations() {
                let RelocationTarget::Symbol(index) = relocation.target() else {
                    continue;
                };
                let symbol = file.symbol_by_index(index)?;
                let local = symbol.section_index().and_then(|index| place.get(&index)).copied();
                let edge = match local.filter(|_| !symbol.is_global()) {
                    Some(node) => Edge::Node(node),
                    None => Edge::Symbol(symbol.name()?.to_owned()),
                };
                self.nodes[place[&section.index()]].edges.push(edge);
            }
        }
        Ok(())
    }

    /// As a linker does: the first definition counts, and a strong one replaces a weak one.
    fn define(&mut self, name: &str, new: Definition) {
        match self.globals.get_mut(name) {
            Some(old) if old.weak && !new.weak => *old = new,
            Some(_) => {}
            None => drop(self.globals.insert(name.to_owned(), new)),
        }
    }

    fn follow<'a>(&'a self, edge: &'a Edge) -> Stop<'a> {
        match edge {
            Edge::Node(index) => Stop::Node(*index),
            Edge::Symbol(name) => self.resolve(name),
        }
    }

    fn resolve<'a>(&self, name: &'a str) -> Stop<'a> {
        self.globals.get(name).map_or(Stop::Undefined(name), |definition| Stop::Node(definition.node))
    }

    fn name<'a>(&'a self, stop: Stop<'a>) -> &'a str {
        match stop {
            Stop::Node(index) => &self.nodes[index].name,
            Stop::Undefined(name) => name,
        }
    }

    fn way(&self, caller: Stop<'_>, called: &str, visited: &HashMap<Stop<'_>, Option<Stop<'_>>>) -> Vec<String> {
        let back = std::iter::successors(Some(caller), |stop| visited[stop]);
        let mut way: Vec<_> = [called].into_iter().chain(back.map(|stop| self.name(stop))).map(str::to_owned).collect();
        way.reverse();
        way
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Stop<'a> {
    Node(usize),
    Undefined(&'a str),
}

impl Reach {
    fn count(&mut self, node: &Node) {
        match node.kind {
            SectionKind::Text => {
                self.text += node.size;
                self.functions += 1;
            }
            SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => self.rodata += node.size,
            _ => {}
        }
    }
}
