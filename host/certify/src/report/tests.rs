//! A page of synthetic figures: every style, every axis, and what data may do to them.

use super::page;
use crate::figure::{Axis, Figure, Series};
use crate::{Certificate, Check, Findings, Rung};

fn figure(name: &str, x: Axis, y: Axis, series: Vec<Series>) -> Figure {
    Figure { rung: Some(Rung::Exact), name: name.into(), caption: format!("{name} & more, x < y."), x, y, series }
}

/// Every style on every kind of axis; data with gaps, zeros, one point, none.
fn figures() -> Vec<Figure> {
    let x: Vec<f64> = (1..=40).map(|i| f64::from(i) * 0.25).collect();
    let map = |f: &dyn Fn(f64) -> f64| x.iter().map(|&x| f(x)).collect::<Vec<_>>();
    let nan = |x: f64| if x == 5.0 { f64::NAN } else { x.sin() };
    let log = || Axis::log("Δ/LSB");
    let steps: Vec<f64> = (0..8).map(|k| 10f64.powi(-k)).collect();
    let errors: Vec<f64> = steps.iter().map(|eps| 0.3 * eps.powf(0.7)).collect();
    vec![
        figure(
            "lines",
            Axis::linear("τ"),
            Axis::linear("φ"),
            vec![
                Series::line("sin τ, with a gap", x.clone(), map(&nan)),
                Series::line("cos τ", x.clone(), map(&f64::cos)),
            ],
        ),
        figure(
            "decay",
            Axis::linear("τ"),
            log(),
            vec![
                Series::line("e^{-τ}", x.clone(), map(&|x| (-x).exp())),
                Series::points("with errors", x.clone(), map(&|x| 1.1 * (-x).exp()), map(&|x| 0.4 * (-0.6 * x).exp())),
            ],
        ),
        figure(
            "convergence",
            Axis::log("ε"),
            log(),
            vec![
                Series::points("order 1", steps.clone(), steps.clone(), errors),
                Series::line("", steps.clone(), steps.clone()),
                Series::line("order 2", steps.clone(), steps.iter().map(|e| e * e).collect()),
            ],
        ),
        figure(
            "histogram",
            Axis::linear("φ"),
            Axis::linear("P"),
            vec![
                Series::steps("counts", x.clone(), map(&|x| (-(x - 5.0).powi(2)).exp())),
                Series::line("law", x.clone(), map(&|x| (-(x - 5.1).powi(2)).exp())),
            ],
        ),
        figure("tails", Axis::linear("φ"), log(), vec![Series::steps("P", x.clone(), map(&|x| (-x * x / 9.0).exp()))]),
        figure("one", Axis::log("n"), Axis::linear("y"), vec![Series::points("one", vec![3.0], vec![1e-7], vec![])]),
        figure("none", log(), log(), vec![Series::points("none", vec![-1.0], vec![0.0], vec![])]),
    ]
}

fn certificate() -> Certificate {
    let checks = vec![
        Check::none(Rung::Identity, "translations", 0),
        Check::bound(Rung::Exact, "off by <one> & \"more\"", 1.0, 0.0, 0.5),
        Check::normal(Rung::Exact, "phi2", 0.4681, 0.46792, 1e-3).from_samples(1e4).promising(0.01),
        Check::normal(Rung::Exact, "phi4", 0.53, 0.53208, 1e-2).from_samples(50.0).promising(0.01),
    ];
    let not_applicable = vec!["fx18 euler 8x8, averages: not known".into()];
    Certificate::judge(Findings { checks, figures: figures(), not_applicable })
}

#[test]
fn page_shows_everything_and_escapes_it() {
    let certificate = certificate();
    let page = page(&certificate).unwrap();
    assert_eq!(page.matches("<svg").count(), figures().len());
    assert_eq!(page.matches("</svg>").count(), figures().len());
    for what in
        ["FAIL", "off by &lt;one&gt; &amp; &quot;more&quot;", "too short for its promise", "averages: not known"]
    {
        assert!(page.contains(what), "{what}");
    }
    assert!(!page.contains("<one>") && !page.contains("<script"));
    // No number of the certificate; the table of planted defects speaks of some.
    let (own, _) = page.split_once("would have caught").unwrap();
    assert!(!own.contains("NaN"));
    // Bytes follow from the certificate.
    assert_eq!(page, super::page(&certificate).unwrap());
}

/// Every data point of a curve is drawn, inside the frame.
#[test]
fn plots_hold_their_data() {
    let figures = figures();
    let svg = super::plot::svg(&figures[2]).unwrap();
    assert_eq!(svg.matches("<circle").count(), 8);
    let (width, height) = super::plot::SIZE;
    let number = |text: &str, key: &str| -> Option<f64> {
        text.split(&format!(" {key}=\"")).nth(1)?.split('"').next()?.parse().ok()
    };
    for circle in svg.lines().filter(|line| line.starts_with("<circle")) {
        let (x, y) = (number(circle, "cx").unwrap(), number(circle, "cy").unwrap());
        assert!(x > 0.0 && x < f64::from(8 * width) && y > 0.0 && y < f64::from(8 * height), "{circle}");
    }
    // A line of slope 1 and one of slope 2 through the same point at ε = 1: ordinates fall in the ratio 1:2.
    let ends: Vec<Vec<(f64, f64)>> = svg
        .lines()
        .filter(|line| line.starts_with("<polyline"))
        .filter_map(|line| line.split(" points=\"").nth(1)?.split('"').next())
        .map(|points| {
            points
                .split_whitespace()
                .filter_map(|p| p.split_once(','))
                .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
                .collect()
        })
        .filter(|points: &Vec<(f64, f64)>| points.len() == 8)
        .collect();
    let [first, second] = &ends[..] else { panic!("two lines of eight points: {}", ends.len()) };
    let fall = |line: &[(f64, f64)]| line[7].1 - line[0].1;
    assert!((fall(second) / fall(first) - 2.0).abs() < 1e-2 && fall(first) > 0.0, "{first:?} {second:?}");
}
