//! A figure as inline SVG.
//!
//! Both axes are drawn linear: on a logarithmic one the decimal logarithms of the data are, and the ticks say which
//! power.

use plotters::prelude::*;

use super::ticks::ticks;
use crate::figure::{Axis, Figure, Series, Style};

/// Okabe and Ito's colours, distinct to every kind of eye (M. Okabe, K. Ito, 2008).
const PALETTE: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x55, 0x55, 0x55),
];

/// Units of the drawing for a pixel on the page: plotters draws at whole units.
const UNIT: u32 = 8;

/// Width and height on the page.
pub const SIZE: (u32, u32) = (720, 400);

/// Colour of each series: one without a legend shares that of the series before it.
pub fn colours(series: &[Series]) -> Vec<RGBColor> {
    let mut used = 0;
    series
        .iter()
        .map(|s| {
            used += usize::from(!s.label.is_empty() || used == 0);
            PALETTE[(used - 1) % PALETTE.len()]
        })
        .collect()
}

/// Draw. An error is one of the drawing library: none is expected.
pub fn svg(figure: &Figure) -> Result<String, String> {
    panel(figure, SIZE)
}

/// A figure of another size.
pub fn panel(figure: &Figure, size: (u32, u32)) -> Result<String, String> {
    let mut out = String::new();
    draw(figure, size, &mut out).map_err(|e| format!("{}: {e}", figure.name))?;
    Ok(out)
}

fn draw(figure: &Figure, size: (u32, u32), out: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let root = SVGBackend::with_string(out, (size.0 * UNIT, size.1 * UNIT)).into_drawing_area();
    let curves: Vec<Curve> = figure.series.iter().map(|s| Curve::new(s, &figure.x, &figure.y)).collect();
    let x = ticks(&figure.x, curves.iter().flat_map(|c| c.points.iter().map(|p| p.x)));
    let y = ticks(&figure.y, curves.iter().flat_map(|c| c.points.iter().flat_map(|p| [p.low, p.y, p.high])));
    let grey = RGBColor(0x33, 0x33, 0x33);
    let font = |size: u32| ("sans-serif", f64::from(size * UNIT) * 1.24).into_font().color(&grey);
    let mut chart = ChartBuilder::on(&root)
        .margin(8 * UNIT)
        .margin_right(16 * UNIT)
        .x_label_area_size(46 * UNIT)
        .y_label_area_size(84 * UNIT)
        .build_cartesian_2d(x.clone(), y.clone())?;
    chart
        .configure_mesh()
        .bold_line_style(RGBColor(0xdd, 0xdd, 0xdd).stroke_width(UNIT))
        .light_line_style(RGBColor(0xf2, 0xf2, 0xf2).stroke_width(UNIT))
        .axis_style(RGBColor(0x88, 0x88, 0x88).stroke_width(UNIT))
        .set_all_tick_mark_size(4 * UNIT)
        .label_style(font(12))
        .axis_desc_style(font(13))
        .x_desc(figure.x.label.as_str())
        .y_desc(figure.y.label.as_str())
        .x_label_formatter(&|v| x.label(*v))
        .y_label_formatter(&|v| y.label(*v))
        .draw()?;
    for (curve, colour) in curves.iter().zip(colours(&figure.series)) {
        let line = colour.stroke_width(2 * UNIT);
        let path = |points: Vec<(f64, f64)>| PathElement::new(points, line);
        match curve.style {
            Style::Line => {
                // A gap where a value is missing.
                for piece in curve.points.split(|p| !p.finite()).filter(|piece| piece.len() > 1) {
                    chart.draw_series([path(piece.iter().map(|p| (p.x, p.y)).collect())])?;
                }
            }
            Style::Steps => {
                for piece in curve.points.split(|p| !p.finite()).filter(|piece| piece.len() > 1) {
                    let stairs = stairs(piece);
                    let base = if figure.y.log { y.low } else { 0.0f64.clamp(y.low, y.high) };
                    let ends = [piece[piece.len() - 1].x, piece[0].x].map(|x| (x, base));
                    let area = stairs.iter().copied().chain(ends).collect::<Vec<_>>();
                    chart.draw_series([Polygon::new(area, colour.mix(0.15))])?;
                    chart.draw_series([path(stairs)])?;
                }
            }
            Style::Points => {
                let points = || curve.points.iter().filter(|p| p.finite());
                let bar = |p: &Point| vec![(p.x, p.low.max(y.low)), (p.x, p.high.min(y.high))];
                let bars = points().filter(|p| p.high > p.low);
                chart.draw_series(bars.map(|p| PathElement::new(bar(p), colour.stroke_width(3 * UNIT / 2))))?;
                let radius = if curve.points.len() > 100 { 2 } else { 3 };
                chart.draw_series(points().map(|p| Circle::new((p.x, p.y), radius * UNIT, colour.filled())))?;
            }
        }
    }
    root.present()?;
    Ok(())
}

/// A point of a curve, as drawn; what a logarithm does not know is NaN, the lower end of a bar −∞.
struct Point {
    x: f64,
    y: f64,
    low: f64,
    high: f64,
}

impl Point {
    fn finite(&self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

struct Curve {
    style: Style,
    points: Vec<Point>,
}

impl Curve {
    fn new(series: &Series, x: &Axis, y: &Axis) -> Self {
        let scaled = |axis: &Axis, v: f64| match axis.log {
            true if v > 0.0 => v.log10(),
            true => f64::NAN,
            false => v,
        };
        let points = series.x.iter().zip(&series.y).enumerate().map(|(i, (&at, &value))| {
            let error = series.error.get(i).copied().unwrap_or(0.0);
            let high = scaled(y, value + error);
            // A bar that reaches zero on a logarithmic axis leaves it at the bottom.
            let low = if y.log && value <= error { f64::NEG_INFINITY } else { scaled(y, value - error) };
            Point { x: scaled(x, at), y: scaled(y, value), low, high }
        });
        Self { style: series.style, points: points.collect() }
    }
}

/// Constant from each x to the next.
fn stairs(points: &[Point]) -> Vec<(f64, f64)> {
    let mut out = Vec::with_capacity(2 * points.len());
    for pair in points.windows(2) {
        out.extend([(pair[0].x, pair[0].y), (pair[1].x, pair[0].y)]);
    }
    out.extend(points.last().map(|p| (p.x, p.y)));
    out
}
