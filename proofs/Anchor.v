(** The anchor term: smooth-L1 of the difference of anchors, level by level, and its gradient. *)

From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From LoRi Require Import Gradient.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Anchor.
Variable R : realFieldType.

(** Smooth-L1 with beta 1, and its derivative: the difference itself inside of one, its sign outside. *)
Definition smooth_l1 (x : R) : R := if `|x| < 1 then x ^+ 2 / 2%:R else `|x| - 2%:R^-1.
Definition clip (x : R) : R := if `|x| < 1 then x else if 0 <= x then 1 else -1.

(** Piece by piece. Inside, smooth-L1 is a parabola; outside, a line on either side; the remainders are h^2 / 2, 0 and 0. Near
    anchors are pulled in proportion to their difference, far ones with one unit and no more. *)
Theorem smooth_l1_derivative_piece_by_piece (x h : R) :
  [/\ `|x| < 1 -> `|x + h| < 1 -> smooth_l1 (x + h) = smooth_l1 x + clip x * h + h ^+ 2 / 2%:R,
      1 <= x -> 1 <= x + h -> smooth_l1 (x + h) = smooth_l1 x + clip x * h
    & x <= -1 -> x + h <= -1 -> smooth_l1 (x + h) = smooth_l1 x + clip x * h].
Proof.
split=> [x1 y1|x1 y1|x1 y1]; rewrite /smooth_l1 /clip.
- by rewrite x1 y1; field.
- have [x0 y0] := (le_trans ler01 x1, le_trans ler01 y1).
  by rewrite !ger0_norm // !ltNge x1 y1 x0 /=; ring.
- have [x0 y0] : x < 0 /\ x + h < 0 by split; [apply: le_lt_trans x1 _ | apply: le_lt_trans y1 _]; rewrite oppr_lt0 ltr01.
  have outside (y : R) : y <= -1 -> (- y < 1) = false by move=> y1'; rewrite ltNge ler_oppr y1'.
  by rewrite !ltr0_norm // !outside // leNgt x0 /=; ring.
Qed.

Lemma norm_clip x : `|clip x| <= 1.
Proof. by rewrite /clip; case: ifP => [/ltW //|_]; case: ifP => _; rewrite ?normrN normr1. Qed.

Lemma smooth_l1_clip x :
  smooth_l1 x = clip x * x - clip x ^+ 2 / 2%:R /\ smooth_l1 x = clip x ^+ 2 / 2%:R + `|x - clip x|.
Proof.
rewrite /smooth_l1 /clip; case: (ltP `|x| 1) => [x1|x1]; first by rewrite subrr normr0; split; field.
case: (lerP 0 x) => x0.
  by rewrite ger0_norm // in x1 *; rewrite ger0_norm ?subr_ge0 //; split; field.
rewrite ltr0_norm // in x1 *; rewrite opprK ler0_norm; first by split; field.
by rewrite -ler_subr_addr sub0r ler_oppr.
Qed.

Lemma above_tangents g y : `|g| <= 1 -> g * y - g ^+ 2 / 2%:R <= smooth_l1 y.
Proof.
move=> g1; rewrite /smooth_l1; case: (ltP `|y| 1) => [y1|y1]; rewrite -subr_ge0.
  have -> : y ^+ 2 / 2%:R - (g * y - g ^+ 2 / 2%:R) = (y - g) ^+ 2 / 2%:R by field.
  by rewrite mulr_ge0 ?sqr_ge0 // invr_ge0 ler0n.
have gy : g * y <= `|g| * `|y| by rewrite -normrM ler_norm.
apply: (@le_trans _ _ (`|y| - 2%:R^-1 - (`|g| * `|y| - `|g| ^+ 2 / 2%:R))); last first.
  by rewrite ler_sub // ler_sub // real_normK ?num_real.
have -> : `|y| - 2%:R^-1 - (`|g| * `|y| - `|g| ^+ 2 / 2%:R) =
    (1 - `|g|) * (`|y| - 1) + (1 - `|g|) ^+ 2 / 2%:R by field.
by rewrite addr_ge0 ?mulr_ge0 ?sqr_ge0 ?subr_ge0 ?invr_ge0 ?ler0n.
Qed.

Lemma below_parabolas x y : smooth_l1 x <= (x - y) ^+ 2 / 2%:R + `|y|.
Proof.
rewrite (smooth_l1_clip x).1; set g := clip x; apply: (@le_trans _ _ ((x - y) ^+ 2 / 2%:R + g * y)).
  rewrite -subr_ge0; have -> : (x - y) ^+ 2 / 2%:R + g * y - (g * x - g ^+ 2 / 2%:R) = (x - y - g) ^+ 2 / 2%:R by field.
  by rewrite mulr_ge0 ?sqr_ge0 // invr_ge0 ler0n.
rewrite ler_add2l; apply: le_trans (ler_norm _) _; rewrite normrM.
by rewrite ler_pimull ?normr_ge0 ?norm_clip.
Qed.

(** Across the pieces as well the clipped difference is the derivative: the remainder lies between 0 and h^2 / 2. The pieces
    fit together without a corner, so a step of training that crosses from one to another meets no jump of the gradient. *)
Theorem smooth_l1_remainder (x h : R) :
  0 <= smooth_l1 (x + h) - (smooth_l1 x + clip x * h) <= h ^+ 2 / 2%:R.
Proof.
apply/andP; split; rewrite ?subr_ge0.
  apply: le_trans (above_tangents (x + h) (norm_clip x)); rewrite (smooth_l1_clip x).1.
  by move: (clip x) => g; rewrite le_eqVlt; apply/orP; left; apply/eqP; field.
rewrite ler_subl_addl; apply: le_trans (below_parabolas (x + h) (x - clip x)) _; rewrite (smooth_l1_clip x).2.
by move: (clip x) `|_| => g n; rewrite le_eqVlt; apply/orP; left; apply/eqP; field.
Qed.

(** L_anchor of the difference A (levels x components) over the deviations of the levels. *)
Definition anchor_loss l d (dev : 'I_l -> R) (A : 'M[R]_(l, d)) : R :=
  l%:R^-1 * \sum_i (d%:R^-1 * \sum_j smooth_l1 (A i j)) / dev i.
Definition anchor_gradient l d (dev : 'I_l -> R) (A : 'M[R]_(l, d)) : 'M[R]_(l, d) :=
  \matrix_(i, j) (l%:R^-1 * d%:R^-1 * clip (A i j) / dev i).

(** The anchor term has the gradient clip(a_S - a_T) / (levels components deviation): no component pulls harder than one unit,
    however far the anchors are apart. *)
Theorem gradient_of_the_anchor_term l d (dev : 'I_l -> R) (A h : 'M[R]_(l, d)) : (forall i, 0 < dev i) ->
  0 <= anchor_loss dev (A + h) - (anchor_loss dev A + inner (anchor_gradient dev A) h) <=
  l%:R^-1 * \sum_i (d%:R^-1 * \sum_j h i j ^+ 2 / 2%:R) / dev i.
Proof.
move=> dev0.
have -> : anchor_loss dev (A + h) - (anchor_loss dev A + inner (anchor_gradient dev A) h) =
    l%:R^-1 * \sum_i (d%:R^-1 * \sum_j (smooth_l1 (A i j + h i j) - (smooth_l1 (A i j) + clip (A i j) * h i j))) / dev i.
  rewrite innerE /anchor_loss !mulr_sumr -big_split -sumrB; apply: eq_bigr => i _ /=.
  have -> : \sum_j (smooth_l1 (A i j + h i j) - (smooth_l1 (A i j) + clip (A i j) * h i j)) =
      \sum_j smooth_l1 ((A + h) i j) - (\sum_j smooth_l1 (A i j) + \sum_j clip (A i j) * h i j).
    by rewrite -big_split -sumrB; apply: eq_bigr => j _; rewrite mxE.
  have -> : \sum_j anchor_gradient dev A i j * h i j = l%:R^-1 * (d%:R^-1 * (\sum_j clip (A i j) * h i j) / dev i).
    rewrite mulr_sumr mulr_suml mulr_sumr; apply: eq_bigr => j _; rewrite [anchor_gradient _ _ _ _]mxE.
    by move: l%:R^-1 d%:R^-1 (dev i)^-1 (clip _) (h i j) => k m n x y; ring.
  move: (\sum_j _) (\sum_j _) (\sum_j _) l%:R^-1 d%:R^-1 (dev i)^-1 => x y z k m n; ring.
have n0 k : 0 <= (k%:R : R)^-1 by rewrite invr_ge0 ler0n.
apply/andP; split.
  rewrite mulr_ge0 // sumr_ge0 // => i _; rewrite mulr_ge0 ?invr_ge0 ?(ltW (dev0 i)) // mulr_ge0 // sumr_ge0 // => j _.
  by case/andP: (smooth_l1_remainder (A i j) (h i j)).
apply: ler_wpmul2l => //; apply: ler_sum => i _; apply: ler_wpmul2r; first by rewrite invr_ge0 ltW.
apply: ler_wpmul2l => //; apply: ler_sum => j _.
by case/andP: (smooth_l1_remainder (A i j) (h i j)).
Qed.

End Anchor.
