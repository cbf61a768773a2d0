//! Painting outlined shapes onto a picture.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Mask, Paint, Path, PathBuilder, Pixmap, Rect, Stroke,
    Transform,
};

/// A colour: red, green, blue, and how much it covers, 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(pub(super) u8, pub(super) u8, pub(super) u8, pub(super) u8);

impl Ink {
    /// An opaque colour.
    pub(super) const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self(red, green, blue, 255)
    }

    fn paint(self) -> Paint<'static> {
        let mut paint = Paint::default();
        paint.set_color_rgba8(self.0, self.1, self.2, self.3);
        paint
    }
}

/// The colour of all outlines.
pub(super) const LINE: Ink = Ink::rgb(44, 36, 52);

/// A point of a drawing, in the pixels of the unposed picture.
pub(super) type Point = (f32, f32);

/// An outline to paint. `None` (an outline with no extent) paints nothing.
pub(super) type Outline = Option<Path>;

/// An ellipse by its centre and radii.
pub(super) fn oval(x: f32, y: f32, rx: f32, ry: f32) -> Outline {
    PathBuilder::from_oval(Rect::from_ltrb(x - rx, y - ry, x + rx, y + ry)?)
}

/// Straight lines through the points, closed.
pub(super) fn polygon(points: &[Point]) -> Outline {
    let mut path = PathBuilder::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        if index == 0 {
            path.move_to(x, y)
        } else {
            path.line_to(x, y)
        }
    }
    path.close();
    path.finish()
}

/// Cubic Bézier curves from `start`, each by two control points and its end.
pub(super) fn curve(start: Point, pieces: &[[Point; 3]]) -> Outline {
    let mut path = PathBuilder::new();
    path.move_to(start.0, start.1);
    for [a, b, end] in pieces {
        path.cubic_to(a.0, a.1, b.0, b.1, end.0, end.1);
    }
    path.finish()
}

/// The outline mirrored at the upright line through `x`.
pub(super) fn mirrored(outline: &Outline, x: f32) -> Outline {
    let mirror = Transform::from_row(-1.0, 0.0, 0.0, 1.0, 2.0 * x, 0.0);
    outline.clone()?.transform(mirror)
}

/// The outline moved aside.
pub(super) fn moved(outline: &Outline, (x, y): Point) -> Outline {
    outline.clone()?.transform(Transform::from_translate(x, y))
}

/// Paints onto a picture, in the place and pose given to [`Pen::place`].
pub(super) struct Pen {
    pixmap: Pixmap,
    pose: Transform,
    mask: Option<Mask>,
    line_width: f32,
}

impl Pen {
    /// A square picture of one colour.
    pub(super) fn new(side: u32, ground: Ink, line_width: f32) -> Self {
        let mut pixmap = Pixmap::new(side, side).expect("the side is a constant above zero");
        pixmap.fill(Color::from_rgba8(ground.0, ground.1, ground.2, 255));
        Self {
            pixmap,
            pose: Transform::identity(),
            mask: None,
            line_width,
        }
    }

    /// The finished picture.
    pub(super) fn into_pixmap(self) -> Pixmap {
        self.pixmap
    }

    /// Where the next shapes go.
    pub(super) fn place(&mut self, pose: Transform) {
        self.pose = pose;
    }

    /// A shape with a dark outline.
    pub(super) fn shape(&mut self, outline: Outline, ink: Ink) {
        self.tint(outline.clone(), ink);
        self.outline(outline);
    }

    /// The dark outline alone.
    pub(super) fn outline(&mut self, outline: Outline) {
        self.line(outline, self.line_width, LINE);
    }

    /// A shape with a dark outline, and a shadow inside along its lower right.
    pub(super) fn solid(&mut self, outline: Outline, ink: Ink) {
        self.tint(outline.clone(), darker(ink));
        let lit = outline
            .clone()
            .and_then(|o| o.transform(Transform::from_translate(-7.0, -9.0)));
        self.inside(&outline, |pen| pen.tint(lit, ink));
        self.outline(outline);
    }

    /// A shape without an outline.
    pub(super) fn tint(&mut self, outline: Outline, ink: Ink) {
        let Some(path) = outline else { return };
        let (paint, rule) = (ink.paint(), FillRule::Winding);
        self.pixmap
            .fill_path(&path, &paint, rule, self.pose, self.mask.as_ref());
    }

    /// A line with round ends.
    pub(super) fn line(&mut self, outline: Outline, width: f32, ink: Ink) {
        let Some(path) = outline else { return };
        let (line_cap, line_join) = (LineCap::Round, LineJoin::Round);
        let stroke = Stroke {
            width,
            line_cap,
            line_join,
            ..Stroke::default()
        };
        self.pixmap
            .stroke_path(&path, &ink.paint(), &stroke, self.pose, self.mask.as_ref());
    }

    /// A thick line with a dark outline.
    pub(super) fn tube(&mut self, outline: Outline, width: f32, ink: Ink) {
        self.line(outline.clone(), width + 2.0 * self.line_width, LINE);
        self.line(outline, width, ink);
    }

    /// Paints within an outline only.
    pub(super) fn inside(&mut self, outline: &Outline, paint: impl FnOnce(&mut Self)) {
        let mask = Mask::new(self.pixmap.width(), self.pixmap.height());
        let (Some(path), Some(mut mask)) = (outline, mask) else {
            return;
        };
        mask.fill_path(path, FillRule::Winding, true, self.pose);
        self.mask = Some(mask);
        paint(self);
        self.mask = None;
    }
}

fn darker(Ink(red, green, blue, alpha): Ink) -> Ink {
    let darker = |channel: u8| (u16::from(channel) * 13 / 16) as u8;
    Ink(darker(red), darker(green), darker(blue), alpha)
}
