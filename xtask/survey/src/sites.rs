//! Places where a defect can be planted, found in the syntax of a file.

use std::collections::BTreeMap;
use std::fmt;
use std::mem::discriminant;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Block, Expr, FnArg, Lit, Pat, Signature, Stmt, Token, Type};

/// What a defect alters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An operator of arithmetic becomes its counterpart.
    Arithmetic,
    /// A comparison takes in its end or leaves it out; equal becomes different.
    Comparison,
    /// And becomes or.
    Logic,
    /// An integer grows by one, a number by a hundredth; 0 becomes 1.
    Constant,
    /// A range begins one later or ends one earlier.
    Range,
    /// Two neighbouring arguments of one shape change places.
    Arguments,
    /// The second operand is left out.
    Term,
    /// The condition of an `if` is negated.
    Condition,
    /// An operator becomes its counterpart where a slice is longer than [`SIZE`].
    Size,
    /// An assignment or a call is left out.
    Statement,
    /// A method becomes its counterpart.
    Method,
}

/// Length of a slice above which a defect of size shows.
pub const SIZE: usize = 256;

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}").to_lowercase())
    }
}

/// A place, and what stands there with the defect and without.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// The file, seen from the root.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// The function, with the type that it is of.
    pub scope: String,
    /// What is altered.
    pub kind: Kind,
    /// Bytes of the file that are replaced.
    pub range: Range<usize>,
    /// `before -> after`, short.
    pub text: String,
    /// Which of its kind in this function, where several read the same; counted from 1.
    pub ordinal: usize,
    /// Code of the defect; none where a statement is left out.
    pub code: Option<String>,
    /// A further condition on the defect.
    pub guard: Option<String>,
}

impl Site {
    /// A name that stays as other functions change.
    pub fn id(&self) -> String {
        let again = if self.ordinal > 1 { format!(" #{}", self.ordinal) } else { String::new() };
        format!("{} {}: {}{again}", self.file, self.scope, self.text)
    }

    /// The same with the line, for people.
    pub fn place(&self) -> String {
        format!("{}:{}: {}", self.file, self.line, self.text)
    }

    /// What replaces `original`, with switch `number`.
    pub fn switched(&self, original: &str, number: usize) -> String {
        let switch = format!("::stoquant_model::planted({number})");
        match (&self.code, &self.guard) {
            (None, _) => format!("if !{switch} {{ {original} }}"),
            (Some(code), None) => format!("(if {switch} {{ {code} }} else {{ {original} }})"),
            (Some(code), Some(guard)) => format!("(if {switch} && {guard} {{ {code} }} else {{ {original} }})"),
        }
    }
}

/// Everything that was found in a file.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of the file.
    pub sites: Vec<Site>,
    /// Modules in other files that are for tests.
    pub test_modules: Vec<String>,
}

/// The places of a file.
///
/// # Errors
///
/// Where the text is no Rust.
pub fn find(file: &str, text: &str) -> syn::Result<Found> {
    let tree = syn::parse_file(text)?;
    let mut walk = Walk { file, text, found: Found::default(), scope: Vec::new(), slices: Vec::new() };
    walk.visit_file(&tree);
    let mut found = walk.found;
    found.sites.sort_by_key(|site| (site.range.start, site.range.end));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for site in &mut found.sites {
        let count = seen.entry(format!("{} {}", site.scope, site.text)).or_default();
        *count += 1;
        site.ordinal = *count;
    }
    Ok(found)
}

/// The counterpart of an operator.
fn counterpart(op: &BinOp) -> Option<(Kind, &'static str)> {
    use Kind::{Arithmetic, Comparison, Logic};
    Some(match op {
        BinOp::Add(_) => (Arithmetic, "-"),
        BinOp::Sub(_) => (Arithmetic, "+"),
        BinOp::Mul(_) | BinOp::Rem(_) => (Arithmetic, "/"),
        BinOp::Div(_) => (Arithmetic, "*"),
        BinOp::Shl(_) => (Arithmetic, ">>"),
        BinOp::Shr(_) => (Arithmetic, "<<"),
        BinOp::BitAnd(_) | BinOp::BitXor(_) => (Arithmetic, "|"),
        BinOp::BitOr(_) => (Arithmetic, "&"),
        BinOp::AddAssign(_) => (Arithmetic, "-="),
        BinOp::SubAssign(_) => (Arithmetic, "+="),
        BinOp::MulAssign(_) => (Arithmetic, "/="),
        BinOp::DivAssign(_) => (Arithmetic, "*="),
        BinOp::ShlAssign(_) => (Arithmetic, ">>="),
        BinOp::ShrAssign(_) => (Arithmetic, "<<="),
        BinOp::BitAndAssign(_) | BinOp::BitXorAssign(_) => (Arithmetic, "|="),
        BinOp::BitOrAssign(_) => (Arithmetic, "&="),
        BinOp::Lt(_) => (Comparison, "<="),
        BinOp::Le(_) => (Comparison, "<"),
        BinOp::Gt(_) => (Comparison, ">="),
        BinOp::Ge(_) => (Comparison, ">"),
        BinOp::Eq(_) => (Comparison, "!="),
        BinOp::Ne(_) => (Comparison, "=="),
        BinOp::And(_) => (Logic, "||"),
        BinOp::Or(_) => (Logic, "&&"),
        _ => return None,
    })
}

fn assigns(op: &BinOp) -> bool {
    use BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

/// Methods that are taken for each other.
const METHODS: [(&str, &str); 14] = [
    ("min", "max"),
    ("floor", "ceil"),
    ("sin", "cos"),
    ("any", "all"),
    ("wrapping_add", "wrapping_sub"),
    ("saturating_add", "saturating_sub"),
    ("checked_add", "checked_sub"),
    ("rotate_left", "rotate_right"),
    ("wrapping_shl", "wrapping_shr"),
    ("trailing_zeros", "leading_zeros"),
    ("div_ceil", "div_euclid"),
    ("exp", "exp_m1"),
    ("ln", "ln_1p"),
    ("round", "trunc"),
];

struct Walk<'a> {
    file: &'a str,
    text: &'a str,
    found: Found,
    scope: Vec<String>,
    /// Slices among the parameters of the innermost function.
    slices: Vec<String>,
}

impl Walk<'_> {
    fn source(&self, range: Range<usize>) -> &str {
        &self.text[range]
    }

    fn of(&self, node: &impl Spanned) -> &str {
        self.source(node.span().byte_range())
    }

    fn add(&mut self, kind: Kind, node: &impl Spanned, code: Option<String>, text: String) {
        let span = node.span();
        self.found.sites.push(Site {
            file: self.file.to_owned(),
            line: span.start().line,
            scope: self.scope.join("::"),
            kind,
            range: span.byte_range(),
            text,
            ordinal: 1,
            code,
            guard: None,
        });
    }

    fn binary(&mut self, node: &syn::ExprBinary) {
        // What binds names by `let` cannot stand within parentheses.
        if binds(&node.left) || binds(&node.right) {
            return;
        }
        let (left, op, right) = (self.of(&node.left), self.of(&node.op), self.of(&node.right));
        let before = format!("{} {op} {}", short(left), short(right));
        let Some((kind, other)) = counterpart(&node.op) else { return };
        let code = match assigns(&node.op) {
            true => format!("{left} {other} {right}"),
            false => format!("({left}) {other} ({right})"),
        };
        let text = format!("{before} -> {} {other} {}", short(left), short(right));
        let dropped = (left.to_owned(), format!("{before} -> {}", short(left)));
        let sized = matches!(node.op, BinOp::Add(_) | BinOp::Sub(_) | BinOp::Mul(_));
        self.add(kind, node, Some(code.clone()), text.clone());
        if sized || matches!(node.op, BinOp::BitAnd(_) | BinOp::And(_) | BinOp::Or(_)) {
            self.add(Kind::Term, node, Some(dropped.0), dropped.1);
        }
        if let Some(slice) = self.slices.first().cloned().filter(|_| sized) {
            let guard = format!("{slice}.len() > {SIZE}");
            self.add(Kind::Size, node, Some(code), format!("{text} where {guard}"));
            self.found.sites.last_mut().expect("just added").guard = Some(guard);
        }
    }

    fn literal(&mut self, node: &syn::ExprLit) {
        let before = self.of(node).to_owned();
        let after = match &node.lit {
            Lit::Int(int) => match int.base10_parse::<u128>() {
                Ok(value) => format!("{}{}", value + 1, int.suffix()),
                Err(_) => return,
            },
            Lit::Float(float) => match float.base10_parse::<f64>() {
                Ok(0.0) => format!("1.0{}", float.suffix()),
                Ok(_) => format!("{before} * 1.01"),
                Err(_) => return,
            },
            _ => return,
        };
        let code = if after.contains('*') { format!("({after})") } else { after.clone() };
        self.add(Kind::Constant, node, Some(code), format!("{before} -> {after}"));
    }

    fn range(&mut self, node: &syn::ExprRange) {
        let whole = short(self.of(node));
        if let Some(start) = &node.start {
            let code = format!("({}) + 1", self.of(start));
            self.add(Kind::Range, start, Some(code), format!("{whole} -> begins one later"));
        }
        if let Some(end) = &node.end {
            let code = format!("({}) - 1", self.of(end));
            self.add(Kind::Range, end, Some(code), format!("{whole} -> ends one earlier"));
        }
    }

    fn arguments(&mut self, node: &impl Spanned, args: &Punctuated<Expr, Token![,]>) {
        let whole = node.span().byte_range();
        for (a, b) in args.iter().zip(args.iter().skip(1)) {
            let plain = matches!(
                a,
                Expr::Path(_)
                    | Expr::Reference(_)
                    | Expr::Lit(_)
                    | Expr::Field(_)
                    | Expr::MethodCall(_)
                    | Expr::Index(_)
            );
            let (one, two) = (a.span().byte_range(), b.span().byte_range());
            if !plain || discriminant(a) != discriminant(b) || self.of(a) == self.of(b) {
                continue;
            }
            let pieces = [whole.start..one.start, two.clone(), one.end..two.start, one.clone(), two.end..whole.end];
            let code = pieces.map(|piece| self.source(piece)).concat();
            let text = format!("{} -> {}", short(self.source(whole.clone())), short(&code));
            // Cut short, both may read the same.
            let text = format!("{text} ({} and {} exchanged)", short(self.of(a)), short(self.of(b)));
            self.add(Kind::Arguments, node, Some(code), text);
        }
    }

    fn method(&mut self, node: &syn::ExprMethodCall) {
        let name = node.method.to_string();
        let other = METHODS.iter().find_map(|&(one, two)| match name {
            _ if name == one => Some(two),
            _ if name == two => Some(one),
            _ => None,
        });
        let Some(other) = other else { return };
        let (whole, at) = (node.span().byte_range(), node.method.span().byte_range());
        let code = [self.source(whole.start..at.start), other, self.source(at.end..whole.end)].concat();
        let text = format!("{} -> .{other}()", short(self.of(node)));
        self.add(Kind::Method, node, Some(code), text);
    }

    fn function(&mut self, sig: &Signature, body: &Block) {
        // A constant cannot ask a switch.
        if sig.constness.is_some() {
            return;
        }
        let slices = sig.inputs.iter().filter_map(slice).collect();
        let outer = std::mem::replace(&mut self.slices, slices);
        self.scope.push(sig.ident.to_string());
        self.visit_block(body);
        self.scope.pop();
        self.slices = outer;
    }
}

/// The name of a parameter that is a slice.
fn slice(input: &FnArg) -> Option<String> {
    let FnArg::Typed(typed) = input else { return None };
    let (Pat::Ident(name), Type::Reference(reference)) = (&*typed.pat, &*typed.ty) else { return None };
    // There are few extents, however large the lattice.
    let long = matches!(*reference.elem, Type::Slice(_)) && name.ident != "extents";
    long.then(|| name.ident.to_string())
}

/// Whether a condition has a `let` that binds names for what follows.
fn binds(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => matches!(binary.op, BinOp::And(_)) && (binds(&binary.left) || binds(&binary.right)),
        _ => false,
    }
}

/// One line of 48 characters at most.
fn short(code: &str) -> String {
    const MOST: usize = 48;
    let line = code.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        attr.path().is_ident("test")
            || attr.path().is_ident("cfg") && attr.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        match (is_test(&node.attrs), &node.content) {
            (true, None) => self.found.test_modules.push(node.ident.to_string()),
            (true, Some(_)) => {}
            (false, _) => visit::visit_item_mod(self, node),
        }
    }

    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        if !is_test(&node.attrs) {
            self.function(&node.sig, &node.block);
        }
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        if is_test(&node.attrs) {
            return;
        }
        let name = match &*node.self_ty {
            Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        };
        self.scope.push(name.unwrap_or_else(|| short(self.of(&node.self_ty))));
        node.items.iter().for_each(|item| self.visit_impl_item(item));
        self.scope.pop();
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        if !is_test(&node.attrs) {
            self.function(&node.sig, &node.block);
        }
    }

    fn visit_item_trait(&mut self, node: &'ast syn::ItemTrait) {
        self.scope.push(node.ident.to_string());
        node.items.iter().for_each(|item| self.visit_trait_item(item));
        self.scope.pop();
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(body) = &node.default {
            self.function(&node.sig, body);
        }
    }

    fn visit_stmt(&mut self, node: &'ast Stmt) {
        if let Stmt::Expr(expr, Some(_)) = node {
            let dropped = match expr {
                Expr::Assign(_) | Expr::Call(_) | Expr::MethodCall(_) => true,
                Expr::Binary(binary) => assigns(&binary.op),
                _ => false,
            };
            if dropped {
                let text = format!("{} -> left out", short(self.of(node)));
                self.add(Kind::Statement, node, None, text);
            }
        }
        visit::visit_stmt(self, node);
    }

    fn visit_expr(&mut self, node: &'ast Expr) {
        match node {
            Expr::Binary(binary) => self.binary(binary),
            Expr::Lit(literal) => self.literal(literal),
            Expr::Range(range) => self.range(range),
            Expr::Call(call) => self.arguments(call, &call.args),
            Expr::MethodCall(call) => {
                self.arguments(call, &call.args);
                self.method(call);
            }
            Expr::If(branch) if !binds(&branch.cond) => {
                let cond = self.of(&branch.cond);
                let (code, text) = (format!("!({cond})"), format!("if {} -> negated", short(cond)));
                self.add(Kind::Condition, &branch.cond, Some(code), text);
            }
            // Its length is a constant.
            Expr::Repeat(repeat) => return self.visit_expr(&repeat.expr),
            _ => {}
        }
        visit::visit_expr(self, node);
    }

    // Constants, patterns, types and macros: no switch can be asked there.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}
    fn visit_path(&mut self, _: &'ast syn::Path) {}
    fn visit_angle_bracketed_generic_arguments(&mut self, _: &'ast syn::AngleBracketedGenericArguments) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}
}
