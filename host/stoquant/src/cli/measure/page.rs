//! The page of an ensemble: its observables, and what to look at before one believes them.

use std::collections::BTreeMap;

use stoquant::analysis::Gamma;
use stoquant::analysis::chains::Chains;
use stoquant::certify::figure::{Axis, Figure, Series};
use stoquant::estimate::Observable;
use stoquant::measured::{Correlation, Measured, Value};
use stoquant::report::{document, drawn, significant, text};

/// Points of a history, bars of a histogram, and cells along a side of a field, at most.
const POINTS: usize = 1000;
const BARS: usize = 60;
const CELLS: usize = 96;

/// Chains whose histories are drawn.
const CHAINS: usize = 4;

/// The page; it needs nothing but itself.
///
/// # Errors
/// One of the drawing library: none is expected.
pub(super) fn page(
    name: &str,
    measured: &Measured,
    gammas: &BTreeMap<Observable, Gamma>,
    correlations: &[Correlation],
    chains: &Chains,
) -> Result<String, String> {
    let extents: Vec<String> = measured.extents.iter().map(usize::to_string).collect();
    let lattice = if extents.is_empty() { "one site".to_owned() } else { extents.join("×") };
    let count: usize = measured.series.iter().map(|series| series.len()).sum();
    let mut body = format!(
        "<h1>{}</h1>\n<p class=\"soft\">{count} configurations of {lattice} in {} chains. Errors by the Γ-method; \
         times in measurements.</p>\n",
        text(name),
        measured.names.len()
    );
    if !chains.warnings.is_empty() {
        let lines: String = chains.warnings.iter().map(|line| format!("<li>{}</li>\n", text(line))).collect();
        body += &format!("<h2>To be looked at</h2>\n<ul>\n{lines}</ul>\n");
    }
    body += "<h2>Observables</h2>\n";
    body += &table(gammas);
    if !chains.agreement.is_empty() {
        body += &format!("<pre>{}</pre>\n", text(&chains.table()));
    }
    body += "<h2>Figures</h2>\n";
    for figure in figures(measured, gammas, correlations) {
        body += &drawn(&figure)?;
    }
    if let Some(field) = field(measured) {
        body += &field;
    }
    Ok(document(&format!("stoquant: {name}"), &body))
}

fn table(gammas: &BTreeMap<Observable, Gamma>) -> String {
    let mut rows = String::new();
    for (observable, gamma) in gammas {
        let Value { estimate, .. } = gamma.into();
        let error = if estimate.error.is_nan() { " (no error)" } else { "" };
        rows += &format!(
            "<tr><td>{}</td><td class=\"n\">{estimate}{error}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>\n",
            observable.key(),
            significant(gamma.tau_int),
            gamma.window
        );
    }
    format!(
        "<div class=\"wide\"><table>\n<tr><th>observable</th><th class=\"n\">value</th><th class=\"n\">τ_int</th>\
         <th class=\"n\">window</th></tr>\n{rows}</table></div>\n"
    )
}

fn figures(measured: &Measured, gammas: &BTreeMap<Observable, Gamma>, correlations: &[Correlation]) -> Vec<Figure> {
    let mut figures = vec![history(measured), histogram(measured), autocorrelation(gammas)];
    let (times, masses): (Vec<Series>, Vec<Series>) = correlations.iter().map(curves).unzip();
    if times.iter().any(|series| series.x.len() > 1) {
        let figure = |name: &str, caption: &str, y, series| Figure {
            rung: None,
            name: name.into(),
            caption: caption.into(),
            x: Axis::linear("t"),
            y,
            series,
        };
        figures.push(figure(
            "correlator",
            "Correlations of the slice averages, at momenta p = 2πn/L₁. Values below zero are left out.",
            Axis::log("C(t)"),
            times,
        ));
        if masses.iter().any(|series| !series.x.is_empty()) {
            figures.push(figure(
                "effective mass",
                "m_eff = arcosh((C(t-1) + C(t+1))/2C(t)): where it is constant, one state is left.",
                Axis::linear("m_eff(t)"),
                masses,
            ));
        }
    }
    figures
}

fn curves(correlation: &Correlation) -> (Series, Series) {
    let label = format!("n = {}", correlation.momentum);
    let points = |at: Vec<(usize, &Value)>| {
        let x = at.iter().map(|&(t, _)| t as f64).collect();
        let y = at.iter().map(|(_, value)| value.estimate.value).collect();
        let error =
            at.iter().map(|(_, value)| value.estimate.error).map(|e| if e.is_nan() { 0.0 } else { e }).collect();
        Series::points(label.clone(), x, y, error)
    };
    let masses = correlation.m_eff.iter().enumerate().filter_map(|(t, mass)| Some((t + 1, mass.as_ref()?)));
    (points(correlation.c.iter().enumerate().collect()), points(masses.collect()))
}

/// M of the first chains against the measurement.
fn history(measured: &Measured) -> Figure {
    let of_chain = |(name, series): (&u32, &stoquant::analysis::ChainSeries)| {
        let every = series.m.len().div_ceil(POINTS).max(1);
        let (x, y) = series.m.iter().enumerate().step_by(every).map(|(draw, &m)| (draw as f64, m)).unzip();
        Series::line(format!("chain {name}"), x, y)
    };
    Figure {
        rung: None,
        name: "history".into(),
        caption: format!("The magnetisation of up to {CHAINS} chains, up to {POINTS} measurements of each."),
        x: Axis::linear("measurement"),
        y: Axis::linear("M"),
        series: measured.names.iter().zip(&measured.series).take(CHAINS).map(of_chain).collect(),
    }
}

/// The distribution of M, of all chains.
fn histogram(measured: &Measured) -> Figure {
    let all: Vec<f64> = measured.series.iter().flat_map(|series| &series.m).copied().collect();
    let largest = all.iter().fold(f64::MIN_POSITIVE, |most, m| most.max(m.abs()));
    let bars = (2.0 * (all.len() as f64).sqrt()).clamp(10.0, BARS as f64) as usize / 2 * 2;
    let width = 2.0 * largest / bars as f64;
    let mut counts = vec![0u64; bars];
    for m in &all {
        counts[(((m + largest) / width) as usize).min(bars - 1)] += 1;
    }
    let density = |&count: &u64| count as f64 / (all.len() as f64 * width);
    let x = (0..=bars).map(|bar| -largest + bar as f64 * width).collect();
    let y = counts.iter().map(density).chain([0.0]).collect();
    Figure {
        rung: None,
        name: "histogram".into(),
        caption: "The distribution of the magnetisation: even, where the chains have crossed the barrier often.".into(),
        x: Axis::linear("M"),
        y: Axis::linear("density"),
        series: vec![Series::steps("all chains", x, y)],
    }
}

/// ρ(t) of M² and φ², to somewhat beyond their windows, and the windows.
fn autocorrelation(gammas: &BTreeMap<Observable, Gamma>) -> Figure {
    let mut series = Vec::new();
    for observable in [Observable::M2, Observable::Phi2] {
        let Some(gamma) = gammas.get(&observable) else { continue };
        let x = (0..gamma.rho.len()).map(|t| t as f64).collect();
        series.push(Series::points(
            format!("{}, W = {}", observable.key(), gamma.window),
            x,
            gamma.rho.clone(),
            vec![],
        ));
        let window = gamma.window as f64;
        series.push(Series::line("", vec![window, window], vec![0.0, 1.0]));
    }
    Figure {
        rung: None,
        name: "autocorrelation".into(),
        caption: "Normalised autocorrelations; the lines are the windows up to which they are summed.".into(),
        x: Axis::linear("t, measurements"),
        y: Axis::linear("ρ(t)"),
        series,
    }
}

/// The last configuration in grey: the last two directions, at 0 in the others. None below two dimensions.
fn field(measured: &Measured) -> Option<String> {
    let &[.., rows, columns] = &measured.extents[..] else { return None };
    let largest = measured.last.iter().fold(f64::MIN_POSITIVE, |most, phi| most.max(phi.abs()));
    let [down, across] = [rows, columns].map(|extent| extent.div_ceil(CELLS));
    let mut cells = String::new();
    for y in (0..rows).step_by(down) {
        for x in (0..columns).step_by(across) {
            // Blue below zero, orange above, white at zero.
            let share = measured.last[y * columns + x] / largest;
            let (strength, colour) = (share.abs(), if share < 0.0 { "#0072b2" } else { "#d55e00" });
            cells += &format!(
                "<rect x=\"{}\" y=\"{}\" width=\"1.02\" height=\"1.02\" fill=\"{colour}\" \
                 fill-opacity=\"{strength:.2}\"/>",
                x / across,
                y / down
            );
        }
    }
    let (width, height) = (columns.div_ceil(across), rows.div_ceil(down));
    let which = if down.max(across) > 1 { "Some sites of the" } else { "The" };
    Some(format!(
        "<figure>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"480\" \
         role=\"img\"><title>The last configuration</title>{cells}</svg>\n<figcaption>{which} last configuration: \
         blue below zero, orange above, up to |φ| = {}.</figcaption>\n</figure>\n",
        significant(largest)
    ))
}
