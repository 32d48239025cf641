//! The page of a comparison: table, exponents, figures.

use super::{Comparison, Record};
use stoquant_certify::figure::{Axis, Figure, Series};
use stoquant_certify::report::{document, drawn, significant, text};
use stoquant_exact::estimate::Estimate;

/// Cost against κ for each L; τ and cost against L at the κ of the exponents.
pub fn figures(comparison: &Comparison) -> Vec<Figure> {
    let mut sizes: Vec<&[usize]> = Vec::new();
    for record in &comparison.records {
        if !sizes.contains(&&*record.point.extents) {
            sizes.push(&record.point.extents);
        }
    }
    let mut figures: Vec<Figure> = sizes.iter().map(|extents| against_kappa(comparison, extents)).collect();
    if sizes.len() > 1 && !comparison.exponents.is_empty() {
        figures.extend(against_size(comparison));
    }
    figures
}

const LEFT_OUT: &str = "Runs too short for their τ are left out.";

/// A line and points with errors, one colour.
fn curve(
    name: &str,
    records: &[&Record],
    x: impl Fn(&Record) -> f64,
    y: impl Fn(&Record) -> (f64, f64),
) -> [Series; 2] {
    let mut points: Vec<(f64, (f64, f64))> = records.iter().map(|r| (x(r), y(r))).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (x, (y, error)): (Vec<f64>, (Vec<f64>, Vec<f64>)) = points.into_iter().unzip();
    [Series::line(name, x.clone(), y.clone()), Series::points("", x, y, error)]
}

fn against_kappa(comparison: &Comparison, extents: &[usize]) -> Figure {
    let name = extents.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    let mut series = Vec::new();
    for who in &comparison.contenders {
        let here = |r: &&Record| r.contender == who.name && *r.point.extents == *extents && r.resolved;
        let records: Vec<&Record> = comparison.records.iter().filter(here).collect();
        series.extend(curve(&who.name, &records, |r| r.point.couplings.kappa, |r| (r.cost.value, r.cost.error)));
    }
    Figure {
        rung: None,
        caption: format!("{name}: CPU time per independent configuration, 2τ_int of M² × time of a sweep. {LEFT_OUT}"),
        name: format!("cost {name}"),
        x: Axis::linear("κ"),
        y: Axis::log("CPU seconds per independent configuration"),
        series,
    }
}

/// τ with its fit, and cost, at the κ of the exponents.
fn against_size(comparison: &Comparison) -> [Figure; 2] {
    let (mut taus, mut costs, mut at) = (Vec::new(), Vec::new(), 0.0);
    for e in &comparison.exponents {
        at = e.kappa;
        let here = |r: &&Record| r.contender == e.contender && r.point.couplings.kappa == e.kappa && r.resolved;
        let records: Vec<&Record> = comparison.records.iter().filter(here).collect();
        let size = |r: &Record| (r.point.extents[0] as f64).log2();
        let [mut line, points] = curve(&e.contender, &records, size, |r| (r.tau_int.value, r.tau_int.error));
        if let Some(fit) = e.fit {
            line.label += &format!(", z = {}", fit.exponent);
            line.y = line.x.iter().map(|log2| fit.at(log2.exp2())).collect();
        }
        taus.extend([line, points]);
        costs.extend(curve(&e.contender, &records, size, |r| (r.cost.value, r.cost.error)));
    }
    let figure = |name: &str, what: &str, label: &str, series| Figure {
        rung: None,
        name: format!("{name} against L"),
        caption: format!("κ = {at}: {what} {LEFT_OUT}"),
        x: Axis::linear("log₂ L"),
        y: Axis::log(label),
        series,
    };
    [
        figure("τ", "lines are the fits τ ∝ L^z.", "τ_int of M² in sweeps", taus),
        figure("cost", "CPU time per independent configuration.", "CPU seconds per independent configuration", costs),
    ]
}

/// The page; it needs nothing but itself.
///
/// # Errors
/// One of the drawing library: none is expected.
pub fn page(comparison: &Comparison) -> Result<String, String> {
    let notes: String = comparison
        .contenders
        .iter()
        .map(|who| format!("<li><b>{}</b>: {}</li>\n", text(&who.name), text(&who.note)))
        .collect();
    let mut body = format!(
        "<h1>What an independent configuration costs</h1>\n\
         <p class=\"soft\">stoquant {}: lattice φ⁴. Cost: 2τ<sub>int</sub> of M² × CPU time of a sweep on one core. \
         Up to {} s of CPU \
         time a run; one shorter than 100 τ gives a lower bound (&gt;). M² is even: how rarely a chain crosses \
         from M to −M \
         does not show.</p>\n<ul>\n{notes}</ul>\n",
        text(comparison.stoquant),
        significant(comparison.seconds),
    );
    if !comparison.exponents.is_empty() {
        body += "<h2>Critical slowing down, τ ∝ L<sup>z</sup></h2>\n";
        body += &exponents(comparison);
    }
    body += "<h2>Figures</h2>\n";
    for figure in figures(comparison) {
        body += &drawn(&figure)?;
    }
    body += "<h2>All runs</h2>\n";
    body += &table(&comparison.records);
    Ok(document("stoquant: comparison", &body))
}

fn cells(values: &[String]) -> String {
    values.iter().map(|v| format!("<td class=\"n\">{v}</td>")).collect()
}

fn exponents(comparison: &Comparison) -> String {
    let mut rows = String::new();
    for e in &comparison.exponents {
        let fit = e.fit.map_or_else(
            || ["–", "–", "–"].map(str::to_owned),
            |fit| [fit.exponent.to_string(), significant(fit.chi2), fit.dof.to_string()],
        );
        let sizes: Vec<String> = e.sizes.iter().map(f64::to_string).collect();
        let numbers = [significant(e.kappa), sizes.join(", ")];
        rows += &format!("<tr><td>{}</td>{}{}</tr>\n", text(&e.contender), cells(&numbers), cells(&fit));
    }
    format!(
        "<div class=\"wide\"><table>\n<tr><th>contender</th><th class=\"n\">κ</th><th class=\"n\">L</th>\
         <th class=\"n\">z</th>\
         <th class=\"n\">χ²</th><th class=\"n\">dof</th></tr>\n{rows}</table></div>\n"
    )
}

fn table(records: &[Record]) -> String {
    let mut rows = String::new();
    for r in records {
        let bound = |e: Estimate, unit: f64| match r.resolved {
            true => Estimate::new(e.value / unit, e.error / unit).to_string(),
            false => format!("&gt; {}", significant(e.value / unit)),
        };
        let extents: Vec<String> = r.point.extents.iter().map(usize::to_string).collect();
        let numbers = [
            extents.join("×"),
            significant(r.point.couplings.kappa),
            bound(r.tau_int, 1.0),
            r.sweeps.to_string(),
            significant(1e6 * r.seconds_per_sweep),
            bound(r.cost, 1e-3),
            r.m2.to_string(),
        ];
        rows += &format!(
            "<tr><td>{}</td>{}<td class=\"text\">{}</td></tr>\n",
            text(&r.contender),
            cells(&numbers),
            text(&r.setting)
        );
    }
    let titles = ["lattice", "κ", "τ_int, sweeps", "sweeps", "µs per sweep", "ms per configuration", "⟨M²⟩"];
    let titles: String = titles.iter().map(|t| format!("<th class=\"n\">{t}</th>")).collect();
    format!(
        "<div class=\"wide\"><table class=\"checks\">\n<tr><th>contender</th>{titles}\
         <th>setting</th></tr>\n{rows}</table></div>\n"
    )
}
