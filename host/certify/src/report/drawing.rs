//! Figures as a file of their own: a legend, then one panel below the other, on a white ground.

use super::page::text;
use super::plot::{SIZE, colours, panel};
use crate::Certificate;
use crate::figure::{Figure, Style};
use crate::histogram::{HISTOGRAM, RESIDUALS};

/// Height of the legend, and of the panel of residuals.
const LEGEND: u32 = 36;
const RESIDUAL: u32 = 210;

/// One site's histogram beside its exact law, with the residuals below; none where the certificate did not make it.
pub fn histogram(certificate: &Certificate) -> Result<Option<String>, String> {
    let named = |name: &str| certificate.figures.iter().find(|figure| figure.name == name);
    let (Some(above), Some(below)) = (named(HISTOGRAM), named(RESIDUALS)) else { return Ok(None) };
    stacked(&[(above, SIZE.1), (below, RESIDUAL)]).map(Some)
}

/// Panels and their heights; the legend and the description are those of the first.
fn stacked(panels: &[(&Figure, u32)]) -> Result<String, String> {
    let width = SIZE.0;
    let height = LEGEND + panels.iter().map(|(_, height)| height).sum::<u32>();
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\">\n"
    );
    if let Some((first, _)) = panels.first() {
        out += &format!("<title>{}</title>\n", text(&first.caption));
        out += &format!("<rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"#fff\"/>\n");
        out += &legend(first);
    }
    let mut top = LEGEND;
    for (figure, height) in panels {
        let drawn = panel(figure, (width, *height))?;
        // The panel keeps its own coordinates.
        let placed = format!("<svg x=\"0\" y=\"{top}\" width=\"{width}\" height=\"{height}\" viewBox=");
        let (_, rest) = drawn.split_once(" viewBox=").ok_or("a drawing without a view box")?;
        out += &placed;
        out += rest;
        top += height;
    }
    Ok(out + "</svg>\n")
}

/// A sign and a label for each series, in one row.
fn legend(figure: &Figure) -> String {
    let mut out = String::new();
    let mut x = 92;
    for (series, c) in figure.series.iter().zip(colours(&figure.series)).filter(|(s, _)| !s.label.is_empty()) {
        let colour = format!("#{:02x}{:02x}{:02x}", c.0, c.1, c.2);
        out += &match series.style {
            Style::Points => format!("<circle cx=\"{}\" cy=\"20\" r=\"4\" fill=\"{colour}\"/>\n", x + 11),
            Style::Line | Style::Steps => {
                format!("<path d=\"M{x} 20h22\" stroke=\"{colour}\" stroke-width=\"2.5\"/>\n")
            }
        };
        out += &format!(
            "<text x=\"{}\" y=\"24\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#333\">{}</text>\n",
            x + 30,
            text(&series.label)
        );
        // The width of a character at this size, and a gap.
        x += 54 + 7 * series.label.chars().count();
    }
    out
}
