//! Images of the shipped models for devices.

use stoquant_core::diffusion::Method;
use stoquant_core::score::int8::Image;
use stoquant_core::score::int8::image::Sampler;

use super::quantize::{Plan, ROWS, quantize};
use crate::model::Model;

/// Most bytes of an image, and most units of a hidden layer, that a small device has room for.
const ROOM: (usize, usize) = (32 << 10, 24);

/// Every one of them becomes an image for both samplers that is read as what it was made of, and that a small device
/// has room for.
#[test]
fn shipped_models_become_images() {
    let names: Vec<_> = Model::names().filter(|name| name.ends_with("-int8")).collect();
    assert_eq!(names, ["c16-int8", "c32-int8", "n8-int8"]);
    for name in names {
        let model = Model::load(name).unwrap();
        let config = &model.config;
        let reverse = Plan::Reverse { steps: 100, rows: ROWS };
        let flow = Plan::Flow { method: Method::Heun, steps: 10 };
        for (plan, sampler) in [(reverse, Sampler::Reverse), (flow, Sampler::Flow)] {
            let parts = quantize(&model, plan).unwrap();
            let bytes = parts.encode().unwrap();
            let image = Image::new(&bytes).unwrap();
            super::check(&image).unwrap();
            let shape = image.shape();
            assert_eq!(
                (image.sampler(), shape.extent, shape.hidden),
                (sampler, config.extent, config.hidden),
                "{name}"
            );
            let couplings = [config.couplings.kappa, config.couplings.b, config.couplings.lambda, config.mass2];
            assert_eq!(image.couplings(), couplings, "{name}");
            // Sections lie where they were put.
            assert!(image.row(0).eq(parts.rows[0].iter().copied()), "{name}");
            assert!(image.end().eq(parts.end.iter().copied()), "{name}");
            assert!(image.magnetisation().eq(parts.magnetisation.iter().copied()), "{name}");
            assert!(bytes.len() <= ROOM.0 && shape.hidden.iter().all(|&units| units <= ROOM.1), "{name}: {shape:?}");
        }
    }
}
