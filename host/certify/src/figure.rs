//! Figures of a certificate: data only. The report draws them; the JSON holds every number on them.

use serde::Serialize;

use super::rung::Rung;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// A line through the points.
    Line,
    /// Points, with error bars where there are errors.
    Points,
    /// A histogram: constant from each x to the next.
    Steps,
}

/// One curve or set of points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Series {
    /// Legend; an empty one belongs to the series before it.
    pub label: String,
    /// How it is drawn.
    pub style: Style,
    /// Abscissae.
    pub x: Vec<f64>,
    /// Ordinates, as many.
    pub y: Vec<f64>,
    /// Standard errors of the ordinates, as many, or none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub error: Vec<f64>,
}

impl Series {
    /// A line.
    pub fn line(label: impl Into<String>, x: Vec<f64>, y: Vec<f64>) -> Self {
        Self { label: label.into(), style: Style::Line, x, y, error: Vec::new() }
    }

    /// Points with (or, for an empty `error`, without) error bars.
    pub fn points(label: impl Into<String>, x: Vec<f64>, y: Vec<f64>, error: Vec<f64>) -> Self {
        Self { label: label.into(), style: Style::Points, x, y, error }
    }

    /// A histogram.
    pub fn steps(label: impl Into<String>, x: Vec<f64>, y: Vec<f64>) -> Self {
        Self { label: label.into(), style: Style::Steps, x, y, error: Vec::new() }
    }
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Axis {
    /// Quantity and unit.
    pub label: String,
    /// Logarithmic; values ≤ 0 are then left out.
    pub log: bool,
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: false }
    }

    /// A logarithmic axis.
    pub fn log(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: true }
    }
}

/// One plot: what it shows, and its data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Rung of the ladder that it belongs to.
    pub rung: Option<Rung>,
    /// Short and unique: the key in the JSON.
    pub name: String,
    /// What is to be seen, in a sentence or two.
    pub caption: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// The data.
    pub series: Vec<Series>,
}
