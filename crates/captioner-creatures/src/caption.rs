//! The sentence about a creature.

use crate::traits::{Backdrop, Colour, Expression, Growth, Item, Scene, Shape, Traits};

/// The caption: a function of what can be seen and of nothing else, so that a
/// model can learn to give it to the word. 9 to 18 words, lower case, no punctuation.
pub(super) fn caption(traits: &Traits) -> String {
    sentence("drawing", traits, Order::GrowthFirst)
}

/// All captions of a row: [`caption`], then up to two other ways to say it.
pub(super) fn captions(traits: &Traits, count: usize) -> Vec<String> {
    let ways = [
        caption(traits),
        sentence("cartoon", traits, Order::ExpressionFirst),
        sentence("picture", traits, Order::GrowthFirst),
    ];
    ways.into_iter().take(count).collect()
}

/// What comes first after "with".
#[derive(Clone, Copy)]
enum Order {
    GrowthFirst,
    ExpressionFirst,
}

fn sentence(medium: &str, traits: &Traits, order: Order) -> String {
    let colours = colours(traits);
    let article = article(&colours);
    let shape = shape_word(traits.shape);
    let with = with(traits, order);
    let scene = scene(traits.scene);
    format!("a {medium} of {article} {colours} {shape} with {with}{scene}")
}

fn colours(traits: &Traits) -> String {
    let first = colour_word(traits.colour);
    match traits.second {
        Some(second) => format!("{first} and {}", colour_word(second)),
        None => first.to_owned(),
    }
}

fn article(next: &str) -> &'static str {
    if next.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn with(traits: &Traits, order: Order) -> String {
    let expression = expression_words(traits.expression);
    match (traits.growth.map(growth_words), order) {
        (None, _) => expression.to_owned(),
        (Some(growth), Order::GrowthFirst) => format!("{growth} and {expression}"),
        (Some(growth), Order::ExpressionFirst) => format!("{expression} and {growth}"),
    }
}

fn scene(scene: Scene) -> String {
    match scene {
        Scene::Plain => String::new(),
        Scene::Holding(item) => {
            let item = item_word(item);
            format!(" holding {} {item}", article(item))
        }
        Scene::On(backdrop) => format!(" on a {} background", backdrop_word(backdrop)),
    }
}

pub(super) fn colour_word(colour: Colour) -> &'static str {
    match colour {
        Colour::Red => "red",
        Colour::Orange => "orange",
        Colour::Yellow => "yellow",
        Colour::Green => "green",
        Colour::Blue => "blue",
        Colour::Purple => "purple",
        Colour::Pink => "pink",
        Colour::Brown => "brown",
    }
}

fn shape_word(shape: Shape) -> &'static str {
    match shape {
        Shape::Creature => "creature",
        Shape::Bird => "bird",
        Shape::Fish => "fish",
        Shape::Snail => "snail",
        Shape::Ghost => "ghost",
    }
}

fn growth_words(growth: Growth) -> &'static str {
    match growth {
        Growth::LongEars => "long ears",
        Growth::PointedEars => "pointed ears",
        Growth::Horns => "horns",
        Growth::Antennae => "antennae",
        Growth::Wings => "wings",
        Growth::Tail => "a tail",
    }
}

fn expression_words(expression: Expression) -> &'static str {
    match expression {
        Expression::Smile => "a smile",
        Expression::Frown => "a frown",
        Expression::AngryEyes => "angry eyes",
        Expression::ClosedEyes => "closed eyes",
    }
}

fn item_word(item: Item) -> &'static str {
    match item {
        Item::Ball => "ball",
        Item::Flower => "flower",
        Item::Star => "star",
        Item::Leaf => "leaf",
        Item::Umbrella => "umbrella",
    }
}

fn backdrop_word(backdrop: Backdrop) -> &'static str {
    match backdrop {
        Backdrop::Blue => "blue",
        Backdrop::Green => "green",
        Backdrop::Yellow => "yellow",
        Backdrop::Pink => "pink",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Traits = Traits {
        colour: Colour::Red,
        second: None,
        shape: Shape::Ghost,
        growth: None,
        expression: Expression::Smile,
        scene: Scene::Plain,
    };

    #[test]
    fn the_shortest_caption_still_names_colour_shape_and_face() {
        assert_eq!(caption(&PLAIN), "a drawing of a red ghost with a smile");
    }

    #[test]
    fn the_longest_caption_has_eighteen_words() {
        let traits = Traits {
            colour: Colour::Pink,
            second: Some(Colour::Blue),
            shape: Shape::Creature,
            growth: Some(Growth::LongEars),
            scene: Scene::On(Backdrop::Yellow),
            ..PLAIN
        };
        let expected = "a drawing of a pink and blue creature with long ears and a smile \
                        on a yellow background";
        assert_eq!(caption(&traits), expected);
        assert_eq!(expected.split(' ').count(), 18);
    }

    #[test]
    fn an_comes_before_a_vowel() {
        let scene = Scene::Holding(Item::Umbrella);
        let traits = Traits {
            colour: Colour::Orange,
            scene,
            ..PLAIN
        };
        let expected = "a drawing of an orange ghost with a smile holding an umbrella";
        assert_eq!(caption(&traits), expected);
    }

    #[test]
    fn the_first_of_several_captions_is_the_canonical_one() {
        let traits = Traits {
            growth: Some(Growth::Wings),
            ..PLAIN
        };
        let expected = [
            "a drawing of a red ghost with wings and a smile",
            "a cartoon of a red ghost with a smile and wings",
            "a picture of a red ghost with wings and a smile",
        ];
        assert_eq!(captions(&traits, 3), expected);
        assert_eq!(captions(&traits, 1), expected[..1]);
        assert_eq!(caption(&traits), expected[0]);
    }
}
