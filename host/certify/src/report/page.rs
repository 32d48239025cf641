//! The page: verdict, rungs, failures, figures, every check, planted defects.

use super::defects::{Defect, planted};
use super::plot::{colours, svg};
use super::ticks::significant;
use crate::figure::{Figure, Style};
use crate::{Certificate, Judged, Level, Rung, Verdict};

/// The page of a certificate.
pub fn page(certificate: &Certificate) -> Result<String, String> {
    let mut body = head(certificate);
    let failures: Vec<&Judged> = certificate.failures().collect();
    if !failures.is_empty() {
        body += "<h2>What did not pass</h2>\n";
        body += &table(&failures, true);
    }
    body += "<h2>Rungs</h2>\n";
    body += &rungs(certificate);
    if !certificate.not_applicable.is_empty() {
        body += "<h3>Not applicable</h3>\n<p class=\"soft\">\
        Asked for, but without an exact expectation: not checked, not passed.</p>\n<ul>\n";
        for reason in &certificate.not_applicable {
            body += &format!("<li>{}</li>\n", text(reason));
        }
        body += "</ul>\n";
    }
    // All checks at once first, then rung by rung.
    let together: Vec<&Figure> = certificate.figures.iter().filter(|f| f.rung.is_none()).collect();
    if !together.is_empty() {
        body += "<h2 id=\"certificate\">All statistical checks</h2>\n";
        for figure in together {
            body += &drawn(figure)?;
        }
    }
    for rung in certificate.rungs() {
        body += &format!("<h2 id=\"{rung}\">{rung}</h2>\n<p class=\"soft\">{}</p>\n", text(rung.claim()));
        for figure in certificate.figures.iter().filter(|f| f.rung == Some(rung)) {
            body += &drawn(figure)?;
        }
        let checks: Vec<&Judged> = certificate.of(rung).collect();
        if !checks.is_empty() {
            let many = if checks.len() == 1 { "One check".into() } else { format!("All {} checks", checks.len()) };
            body += &format!("<details><summary>{many}</summary>\n{}</details>\n", table(&checks, false));
        }
    }
    body += "<h2 id=\"defects\">What this certificate would have caught</h2>\n";
    body += &caught(&planted()?);
    Ok(document("stoquant: certificate", &body))
}

/// A page that needs nothing but itself.
pub fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        text(title),
        include_str!("style.css")
    )
}

fn head(certificate: &Certificate) -> String {
    let (class, word) = if certificate.verdict == Verdict::Pass { ("pass", "PASS") } else { ("fail", "FAIL") };
    let statistical = certificate.checks.iter().filter(|c| c.z.is_some()).count();
    let count = |verdict| certificate.checks.iter().filter(|c| c.verdict == verdict).count();
    let level = match certificate.level {
        Level::Standard => "standard",
        Level::Full => "full",
    };
    let facts = [
        ("Checks", certificate.checks.len().to_string()),
        ("of them statistical", statistical.to_string()),
        ("Failed", count(Verdict::Fail).to_string()),
        ("Undecided", count(Verdict::Undecided).to_string()),
        ("False-alarm rate of the suite", format!("≤ {}", significant(certificate.false_alarm_rate))),
        ("First threshold of |z|", significant(certificate.z_threshold)),
        ("Engine", certificate.engine.clone()),
        ("Level", level.into()),
        ("Seed", certificate.seed.to_string()),
    ];
    let facts: String =
        facts.iter().map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", text(value))).collect();
    format!(
        "<h1>Does what runs sample e<sup>−S</sup>?</h1>\n\
         <p class=\"soft\">A certificate of stoquant {}: lattice φ⁴ by stochastic quantisation.</p>\n\
         <div class=\"verdict {class}\">{word}</div>\n<dl>\n{facts}</dl>\n\
         <p class=\"soft\">A bound has no false alarms. Statistical checks share the false-alarm rate by Holm’s \
         step-down. Each detects \
         the deviation stated beside it with probability 0.99, and one whose run was too short for what it promised is \
         undecided, which is no pass.</p>\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// One line a rung.
fn rungs(certificate: &Certificate) -> String {
    let mut rows = String::new();
    for rung in certificate.rungs() {
        let checks: Vec<&Judged> = certificate.of(rung).collect();
        if checks.is_empty() {
            continue;
        }
        let z: Vec<f64> = checks.iter().filter_map(|c| c.z).map(f64::abs).collect();
        // f64::max and f64::min pass over a NaN; here it must be seen.
        let extreme = |pick: fn(f64, f64) -> f64| match z.iter().copied().reduce(pick) {
            Some(_) if z.iter().any(|z| z.is_nan()) => "–".into(),
            Some(z) => format!("{z:.2}"),
            None => String::new(),
        };
        let count = |verdict| checks.iter().filter(|c| c.verdict == verdict).count();
        let number = |n: usize, class: &str| match n {
            0 => "<td class=\"n\">0</td>".to_owned(),
            n => format!("<td class=\"n {class}\">{n}</td>"),
        };
        rows += &format!(
            "<tr><td><a href=\"#{0}\">{0}</a></td><td class=\"n\">{1}</td><td class=\"n\">{2}</td>\
             {3}{4}<td class=\"n\">{5}</td><td class=\"n\">{6}</td></tr>\n",
            rung,
            checks.len(),
            z.len(),
            number(count(Verdict::Fail), "fail"),
            number(count(Verdict::Undecided), "undecided"),
            extreme(f64::min),
            extreme(f64::max),
        );
    }
    format!(
        "<div class=\"wide\"><table>\n<tr><th>rung</th><th class=\"n\">checks</th><th class=\"n\">statistical</th>\
         <th class=\"n\">failed</th><th class=\"n\">undecided</th><th class=\"n\">smallest |z|</th>\
         <th class=\"n\">largest |z|</th></tr>\n{rows}</table></div>\n"
    )
}

/// Every number of these checks.
fn table(checks: &[&Judged], with_rung: bool) -> String {
    let optional = |x: Option<f64>| x.map_or_else(String::new, significant);
    let mut rows = String::new();
    for c in checks {
        let (class, word) = match c.verdict {
            Verdict::Pass => ("pass", "pass"),
            Verdict::Fail => ("fail", "fail"),
            Verdict::Undecided => ("undecided", "undecided"),
        };
        let rung = if with_rung { format!("<td>{}</td>", c.rung) } else { String::new() };
        let numbers = [
            significant(c.value),
            significant(c.expected),
            significant(c.error),
            c.z.map_or_else(String::new, |z| super::ticks::minus(format!("{z:.2}"))),
            optional(c.p),
            optional(c.false_alarm_rate),
            significant(c.detects),
            optional(c.promised),
            optional(c.samples.map(f64::round)),
            optional(c.samples_needed.map(f64::ceil)),
        ];
        let numbers: String = numbers.iter().map(|n| format!("<td class=\"n\">{n}</td>")).collect();
        rows += &format!(
            "<tr class=\"{class}\">{rung}<td class=\"text\">{}</td>{numbers}<td class=\"{class}\">{word}</td></tr>\n",
            text(&c.name)
        );
    }
    let titles =
        ["value", "expected", "error", "z", "p", "false-alarm rate", "detects", "promised", "samples", "needed"];
    let titles: String = titles.iter().map(|t| format!("<th class=\"n\">{t}</th>")).collect();
    let rung = if with_rung { "<th>rung</th>" } else { "" };
    format!(
        "<div class=\"wide\"><table class=\"checks\">\n<tr>{rung}<th>check</th>{titles}\
         <th>verdict</th></tr>\n{rows}</table></div>\n"
    )
}

/// A figure with its legend, which lies above it and covers nothing, and its caption.
pub fn drawn(figure: &Figure) -> Result<String, String> {
    let mut legend = String::new();
    for (series, colour) in figure.series.iter().zip(colours(&figure.series)).filter(|(s, _)| !s.label.is_empty()) {
        let class = match series.style {
            Style::Line => "line",
            Style::Points => "points",
            Style::Steps => "steps",
        };
        let (r, g, b) = (colour.0, colour.1, colour.2);
        legend += &format!(
            "<span><i class=\"{class}\" style=\"color:#{r:02x}{g:02x}{b:02x}\"></i>{}</span>",
            text(&series.label)
        );
    }
    Ok(format!(
        "<figure id=\"{}\">\n<div class=\"legend\">{legend}</div>\n{}<figcaption>{}</figcaption>\n</figure>\n",
        text(&format!("{}-{}", figure.rung.map_or("all", Rung::name), figure.name).replace(' ', "-")),
        svg(figure)?,
        text(&figure.caption)
    ))
}

fn caught(defects: &[Defect]) -> String {
    if defects.is_empty() {
        return "<p class=\"soft\">No planted defect is recorded.</p>\n".into();
    }
    let mut rows = String::new();
    let mut group = "";
    for d in defects {
        let first = if d.group == group { "" } else { &d.group };
        group = &d.group;
        rows += &format!(
            "<tr><td>{}</td><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            text(first),
            text(&d.name),
            text(&d.description),
            text(&d.caught_by),
            text(&d.value),
            significant(d.ms)
        );
    }
    format!(
        "<p>Each of {} defects was planted alone; the first check that failed, what it found, and how long that \
         took.</p>\n<div class=\"wide\"><table class=\"checks\">\n<tr><th></th><th>defect</th><th>what was changed</th>\
         <th>caught by</th>\
         <th class=\"n\">found</th><th class=\"n\">ms</th></tr>\n{rows}</table></div>\n",
        defects.len()
    )
}

/// Text as HTML.
pub fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in raw.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            c => out.push(c),
        }
    }
    out
}
