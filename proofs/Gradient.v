(** The closed-form gradients of the rationale terms with respect to the student's coordinates.

    A loss f has the gradient g at Y when f(Y + h) = f(Y) + <g, h> + r(h) with a remainder of second order in h. Here every
    remainder is written out: the losses are polynomials, so no analysis is needed.

    Coordinates are those that are compared; where components are scaled before (`weighting = variance`), the gradient goes on
    through the scale, and from coordinates to raw states, as the last two sections say.

    The file is longer than others because all terms share its first three sections, and each term is three short steps: how
    its statistic moves, where its derivative goes, and the theorem. *)

From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From LoRi Require Import Moments Scaling Objective.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Inner.
Variable R : realFieldType.

(** <A, B>, entry by entry. *)
Definition inner m n (A B : 'M[R]_(m, n)) : R := \tr (A^T *m B).

Lemma innerE m n (A B : 'M[R]_(m, n)) : inner A B = \sum_i \sum_j A i j * B i j.
Proof. by rewrite exchange_big; apply: eq_bigr => j _; rewrite tr_mulmxE. Qed.

Lemma innerDl m n (A B C : 'M[R]_(m, n)) : inner (A + B) C = inner A C + inner B C.
Proof. by rewrite /inner linearD mulmxDl linearD. Qed.

Lemma innerDr m n (A B C : 'M[R]_(m, n)) : inner A (B + C) = inner A B + inner A C.
Proof. by rewrite /inner mulmxDr linearD. Qed.

Lemma innerZl m n x (A B : 'M[R]_(m, n)) : inner (x *: A) B = x * inner A B.
Proof. by rewrite /inner linearZ -scalemxAl linearZ. Qed.

Lemma innerZr m n x (A B : 'M[R]_(m, n)) : inner A (x *: B) = x * inner A B.
Proof. by rewrite /inner -scalemxAr linearZ. Qed.

Lemma innerBl m n (A B C : 'M[R]_(m, n)) : inner (A - B) C = inner A C - inner B C.
Proof. by rewrite innerDl -scaleN1r innerZl mulN1r. Qed.

Lemma inner0l m n (B : 'M[R]_(m, n)) : inner 0 B = 0.
Proof. by rewrite /inner trmx0 mul0mx mxtrace0. Qed.

Lemma inner_sumr m n (A : 'M[R]_(m, n)) T (P : pred 'I_T) (F : 'I_T -> 'M[R]_(m, n)) :
  inner A (\sum_(t | P t) F t) = \sum_(t | P t) inner A (F t).
Proof. by rewrite /inner mulmx_sumr linear_sum. Qed.

Lemma inner_suml m n (B : 'M[R]_(m, n)) T (P : pred 'I_T) (F : 'I_T -> 'M[R]_(m, n)) :
  inner (\sum_(t | P t) F t) B = \sum_(t | P t) inner (F t) B.
Proof. by rewrite /inner linear_sum mulmx_suml linear_sum. Qed.

Lemma inner_tr m n (A B : 'M[R]_(m, n)) : inner A^T B^T = inner A B.
Proof. by rewrite /inner trmxK mxtrace_mulC -mxtrace_tr trmx_mul trmxK. Qed.

(** Products go over to the other side as transposes. *)
Lemma inner_mull m n p (A : 'M[R]_(m, n)) (B : 'M[R]_(m, p)) (C : 'M[R]_(p, n)) :
  inner A (B *m C) = inner (B^T *m A) C.
Proof. by rewrite /inner trmx_mul trmxK mulmxA. Qed.

Lemma inner_mulr m n p (A : 'M[R]_(m, n)) (B : 'M[R]_(m, p)) (C : 'M[R]_(p, n)) :
  inner A (B *m C) = inner (A *m C^T) B.
Proof. by rewrite /inner trmx_mul trmxK mulmxA mxtrace_mulC mulmxA. Qed.

Lemma inner_mxvec m n (A B : 'M[R]_(m, n)) : inner (mxvec A) (mxvec B) = inner A B.
Proof.
rewrite !innerE big_ord1 pair_bigA /= (reindex _ (curry_mxvec_bij _ _)) /=.
by apply: eq_bigr => -[i j] _; rewrite !mxvecE.
Qed.

(** Of families, one matrix per token. *)
Definition inner_all a b T (g h : 'I_T -> 'M[R]_(a, b)) : R := \sum_t inner (g t) (h t).

End Inner.

Section Gaps.
Variable R : realFieldType.
Variables m n : nat.
Implicit Types A B C D : 'M[R]_(m, n).

(** 2 (student - teacher) / (divisor entries): what the code calls dL/dS. *)
Definition gap_gradient C A B : 'M[R]_(m, n) :=
  \matrix_(i, j) (2%:R * (m * n)%:R^-1 * (B i j - A i j) / C i j).

(** A squared difference changes by its gradient and by the square of the change. *)
Lemma gap_shift C A B D : gap C A (B + D) = gap C A B + inner (gap_gradient C A B) D + gap C D 0.
Proof.
rewrite innerE /gap /gap_gradient; move: (_%:R^-1) => k; rewrite !mulr_sumr -!big_split /=; apply: eq_bigr => i _.
rewrite !mulr_sumr -!big_split /=; apply: eq_bigr => j _; rewrite !mxE.
by move: (A i j) (B i j) (D i j) ((C i j)^-1) => x y z c; ring.
Qed.

End Gaps.

Section Shifts.
Variable R : realFieldType.
Variables a b : nat.
Implicit Type Y : trajectory R a b.

(** The student's coordinates Y moved by h. *)
Definition shift Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : trajectory R a b :=
  @Trajectory R a b (tokens Y) (weight Y) (pair_weight Y) (fun t => slice Y t + h t).

(** The mean and the deviations of a movement, with the weights of Y. *)
Definition mean_of Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) := \sum_t weight Y t *: h t.
Definition dev_of Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) t := h t - mean_of h.

(** What a loss sends to the deviations, sent on to the coordinates: dL/dZ_t = dL/dD_t - w_t sum over s of dL/dD_s. *)
Definition centred Y (g : 'I_(tokens Y) -> 'M[R]_(a, b)) t := g t - weight Y t *: \sum_s g s.

Lemma mean_shift Y h : mean (shift (Y := Y) h) = mean Y + mean_of h.
Proof. by rewrite /mean /mean_of -big_split; apply: eq_bigr => t _; rewrite /= scalerDr. Qed.

Lemma dev_shift Y h t : dev (shift (Y := Y) h) t = dev Y t + dev_of h t.
Proof. by rewrite /dev mean_shift /dev_of /= opprD addrACA. Qed.

Lemma inner_centred Y (g h : 'I_(tokens Y) -> 'M[R]_(a, b)) :
  inner_all g (dev_of (Y := Y) h) = inner_all (centred (Y := Y) g) h.
Proof.
rewrite /inner_all /dev_of /centred.
have -> : \sum_t inner (g t) (h t - mean_of (Y := Y) h) = \sum_t inner (g t) (h t) - inner (\sum_t g t) (mean_of (Y := Y) h).
  by rewrite inner_suml -sumrB; apply: eq_bigr => t _; rewrite innerDr -scaleN1r innerZr mulN1r.
rewrite /mean_of inner_sumr -sumrB; apply: eq_bigr => t _.
by rewrite innerBl innerZr innerZl.
Qed.

Lemma inner_allD Y (g g' h : 'I_(tokens Y) -> 'M[R]_(a, b)) :
  inner_all (fun t => g t + g' t) h = inner_all g h + inner_all g' h.
Proof. by rewrite /inner_all -big_split; apply: eq_bigr => t _; rewrite innerDl. Qed.

Lemma inner_allZ Y x (g h : 'I_(tokens Y) -> 'M[R]_(a, b)) :
  inner_all (fun t => x *: g t) h = x * inner_all g h.
Proof. by rewrite /inner_all mulr_sumr; apply: eq_bigr => t _; rewrite innerZl. Qed.

(** A loss of a statistic S that changes by a linear part and a rest. *)
Lemma gap_of_statistic m n (C A S L Q : 'M[R]_(m, n)) :
  gap C A (S + (L + Q)) = gap C A S + inner (gap_gradient C A S) L + (inner (gap_gradient C A S) Q + gap C (L + Q) 0).
Proof. by rewrite gap_shift innerDr; ring. Qed.

End Shifts.

Section Gradients.
Variable R : realFieldType.
Variables a b : nat.
Variable X : trajectory R a b.
Implicit Type Y : trajectory R a b.

(** Every token gets w_t dL/dmean. *)
Definition mean_gradient C Y t : 'M[R]_(a, b) := weight Y t *: gap_gradient C (mean X) (mean Y).
Arguments mean_gradient C Y t : clear implicits.

(** The mean term pulls every step alike, along what the student's mean lacks of the teacher's. The remainder is the squared
    movement of the mean: the term is a parabola, whatever its squared errors are divided by. *)
Theorem gradient_of_the_mean_term (c : divisors R a b) Y h :
  mean_term c X (shift (Y := Y) h) =
  mean_term c X Y + inner_all (mean_gradient (of_mean c) Y) h + gap (of_mean c) (mean_of h) 0.
Proof.
rewrite /mean_term mean_shift gap_shift; congr (_ + _ + _).
by rewrite inner_sumr; apply: eq_bigr => t _; rewrite innerZl innerZr.
Qed.

(** The full covariance sends w_t (G + G') vec D_t to the deviations. *)
Definition full_linear Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_(a * b) :=
  \sum_t weight Y t *: ((mxvec (dev Y t))^T *m mxvec (dev_of h t) + (mxvec (dev_of h t))^T *m mxvec (dev Y t)).
Definition full_square Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_(a * b) :=
  \sum_t weight Y t *: ((mxvec (dev_of h t))^T *m mxvec (dev_of h t)).
Definition full_gradient C Y t : 'M[R]_(a, b) :=
  let G := gap_gradient C (cov_full X) (cov_full Y) in
  weight Y t *: vec_mx (mxvec (dev Y t) *m (G + G^T)).
Arguments full_gradient C Y t : clear implicits.

Lemma inner_symmetric n m (G : 'M[R]_n) (u v : 'M[R]_(m, n)) :
  inner G (u^T *m v + v^T *m u) = inner (u *m (G + G^T)) v.
Proof.
rewrite innerDr mulmxDr innerDl inner_mull trmxK; congr (_ + _).
by rewrite inner_mulr -inner_tr trmx_mul !trmxK.
Qed.

Lemma inner_symmetric_right n m (G : 'M[R]_n) (u v : 'M[R]_(n, m)) :
  inner G (u *m v^T + v *m u^T) = inner ((G + G^T) *m u) v.
Proof.
rewrite innerDr mulmxDl innerDl addrC; congr (_ + _); first by rewrite inner_mulr trmxK.
by rewrite inner_mull -inner_tr trmx_mul !trmxK.
Qed.

Lemma full_shift Y h :
  cov_full (shift (Y := Y) h) = cov_full Y + (full_linear h + full_square h).
Proof.
rewrite /cov_full /full_linear /full_square -!big_split; apply: eq_bigr => t _ /=.
rewrite -!scalerDr; congr (_ *: _).
by rewrite dev_shift [mxvec (_ + _)]linearD [(_ + _)^T]linearD mulmxDl !mulmxDr !addrA.
Qed.

(** The full covariance term pulls every step along its own deviation, turned by what the covariance lacks; a step at the mean
    is not pulled at all. What the deviations get is centred, since a step moves the mean too; here nothing is left to centre
    when the weights add to one. *)
Theorem gradient_of_the_full_covariance_term (c : divisors R a b) Y h :
  let G := gap_gradient (of_full c) (cov_full X) (cov_full Y) in
  covariance_term c Full X (shift (Y := Y) h) =
  covariance_term c Full X Y + inner_all (centred (full_gradient (of_full c) Y)) h +
  (inner G (full_square h) + gap (of_full c) (full_linear h + full_square h) 0).
Proof.
rewrite /= full_shift gap_of_statistic; congr (_ + _ + _).
rewrite -inner_centred /full_linear inner_sumr; apply: eq_bigr => t _.
by rewrite /full_gradient innerZr innerZl inner_symmetric -[in RHS]inner_mxvec vec_mxK.
Qed.

(** The layer covariance sends w_t (G + G') D_t / r_d, the hidden one w_t D_t (G + G') / r_L. *)
Definition layer_linear Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_a :=
  b%:R^-1 *: \sum_t weight Y t *: (dev Y t *m (dev_of h t)^T + dev_of h t *m (dev Y t)^T).
Definition layer_square Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_a :=
  b%:R^-1 *: \sum_t weight Y t *: (dev_of h t *m (dev_of h t)^T).
Definition layer_gradient C Y t : 'M[R]_(a, b) :=
  let G := gap_gradient C (cov_layer X) (cov_layer Y) in
  weight Y t *: (b%:R^-1 *: ((G + G^T) *m dev Y t)).
Arguments layer_gradient C Y t : clear implicits.

Definition hidden_linear Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_b :=
  a%:R^-1 *: \sum_t weight Y t *: ((dev Y t)^T *m dev_of h t + (dev_of h t)^T *m dev Y t).
Definition hidden_square Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_b :=
  a%:R^-1 *: \sum_t weight Y t *: ((dev_of h t)^T *m dev_of h t).
Definition hidden_gradient C Y t : 'M[R]_(a, b) :=
  let G := gap_gradient C (cov_hidden X) (cov_hidden Y) in
  weight Y t *: (a%:R^-1 *: (dev Y t *m (G + G^T))).
Arguments hidden_gradient C Y t : clear implicits.

Lemma layer_shift Y h : cov_layer (shift (Y := Y) h) = cov_layer Y + (layer_linear h + layer_square h).
Proof.
rewrite /cov_layer /layer_linear /layer_square -!scalerDr; congr (_ *: _); rewrite -!big_split; apply: eq_bigr => t _ /=.
rewrite -!scalerDr; congr (_ *: _).
by rewrite dev_shift [(_ + _)^T]linearD mulmxDl !mulmxDr !addrA.
Qed.

Lemma hidden_shift Y h : cov_hidden (shift (Y := Y) h) = cov_hidden Y + (hidden_linear h + hidden_square h).
Proof.
rewrite /cov_hidden /hidden_linear /hidden_square -!scalerDr; congr (_ *: _); rewrite -!big_split; apply: eq_bigr => t _ /=.
rewrite -!scalerDr; congr (_ *: _).
by rewrite dev_shift [(_ + _)^T]linearD mulmxDl !mulmxDr !addrA.
Qed.

Lemma layer_adjoint C Y h :
  inner (gap_gradient C (cov_layer X) (cov_layer Y)) (layer_linear (Y := Y) h) =
  inner_all (layer_gradient C Y) (dev_of (Y := Y) h).
Proof.
rewrite /layer_linear innerZr inner_sumr mulr_sumr; apply: eq_bigr => t _; rewrite /layer_gradient.
by rewrite innerZr !innerZl mulrCA inner_symmetric_right.
Qed.

Lemma hidden_adjoint C Y h :
  inner (gap_gradient C (cov_hidden X) (cov_hidden Y)) (hidden_linear (Y := Y) h) =
  inner_all (hidden_gradient C Y) (dev_of (Y := Y) h).
Proof.
rewrite /hidden_linear innerZr inner_sumr mulr_sumr; apply: eq_bigr => t _; rewrite /hidden_gradient.
by rewrite innerZr !innerZl mulrCA inner_symmetric.
Qed.

(** The mode-wise term, the method's default: what the layer and the hidden covariance lack turns the deviations from the left
    and from the right. The two parts add, and are centred once. *)
Theorem gradient_of_the_modewise_term (c : divisors R a b) Y h :
  let G := gap_gradient (of_layer c) (cov_layer X) (cov_layer Y) in
  let H := gap_gradient (of_hidden c) (cov_hidden X) (cov_hidden Y) in
  covariance_term c Modewise X (shift (Y := Y) h) =
  covariance_term c Modewise X Y +
  inner_all (centred (fun t => layer_gradient (of_layer c) Y t + hidden_gradient (of_hidden c) Y t)) h +
  (inner G (layer_square h) + gap (of_layer c) (layer_linear h + layer_square h) 0 +
   (inner H (hidden_square h) + gap (of_hidden c) (hidden_linear h + hidden_square h) 0)).
Proof.
rewrite /= layer_shift hidden_shift !gap_of_statistic -inner_centred inner_allD layer_adjoint hidden_adjoint.
by ring.
Qed.

(** Every layer by itself: layer i of D_t gets w_t D_t[i] (G_i + G_i'), averaged over layers. *)
Definition per_layer_linear Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) i : 'M[R]_b :=
  \sum_t weight Y t *: ((row i (dev Y t))^T *m row i (dev_of h t) + (row i (dev_of h t))^T *m row i (dev Y t)).
Definition per_layer_square Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) i : 'M[R]_b :=
  \sum_t weight Y t *: ((row i (dev_of h t))^T *m row i (dev_of h t)).
Definition per_layer_gradient (C : 'I_a -> 'M[R]_b) Y t : 'M[R]_(a, b) :=
  weight Y t *: (a%:R^-1 *: \matrix_i
    (row i (dev Y t) *m let G := gap_gradient (C i) (cov_per_layer X i) (cov_per_layer Y i) in G + G^T)).
Arguments per_layer_gradient C Y t : clear implicits.

Lemma per_layer_shift Y h i :
  cov_per_layer (shift (Y := Y) h) i = cov_per_layer Y i + (per_layer_linear h i + per_layer_square h i).
Proof.
rewrite /cov_per_layer /per_layer_linear /per_layer_square -!big_split; apply: eq_bigr => t _ /=.
rewrite -!scalerDr; congr (_ *: _).
by rewrite dev_shift [row _ (_ + _)]linearD [(_ + _)^T]linearD mulmxDl !mulmxDr !addrA.
Qed.

Lemma inner_rows m n (A B : 'M[R]_(m, n)) : inner A B = \sum_i inner (row i A) (row i B).
Proof.
rewrite innerE; apply: eq_bigr => i _; rewrite innerE big_ord1.
by apply: eq_bigr => j _; rewrite !mxE.
Qed.

(** The per-layer term pulls each reduced layer of a step by itself, along its own deviation: what one layer lacks does not
    move another, unlike in the mode-wise form. *)
Theorem gradient_of_the_per_layer_term (c : divisors R a b) Y h :
  let G i := gap_gradient (of_per_layer c i) (cov_per_layer X i) (cov_per_layer Y i) in
  covariance_term c PerLayer X (shift (Y := Y) h) =
  covariance_term c PerLayer X Y + inner_all (centred (per_layer_gradient (of_per_layer c) Y)) h +
  a%:R^-1 * \sum_i (inner (G i) (per_layer_square h i) +
                    gap (of_per_layer c i) (per_layer_linear h i + per_layer_square h i) 0).
Proof.
rewrite /=; under eq_bigr do rewrite per_layer_shift gap_of_statistic.
rewrite !big_split !mulrDr /=; congr (_ + _ + _); rewrite -inner_centred mulr_sumr.
under eq_bigr do rewrite inner_sumr mulr_sumr.
rewrite exchange_big; apply: eq_bigr => t _ /=.
rewrite !innerZl inner_rows !mulr_sumr; apply: eq_bigr => i _.
by rewrite rowK innerZr inner_symmetric mulrCA.
Qed.

(** The variances send 2 w_t D_t o G, the third moments 3 w_t D_t o D_t o G. *)
Definition powers_linear Y (k : nat) (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_(a, b) :=
  \matrix_(i, j) \sum_t weight Y t * (k%:R * dev Y t i j ^+ k.-1 * dev_of h t i j).
Definition diagonal_square Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_(a, b) :=
  \matrix_(i, j) \sum_t weight Y t * dev_of h t i j ^+ 2.
Definition third_rest Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_(a, b) :=
  \matrix_(i, j) \sum_t weight Y t * (3%:R * dev Y t i j * dev_of h t i j ^+ 2 + dev_of h t i j ^+ 3).
Definition diagonal_gradient C Y t : 'M[R]_(a, b) :=
  \matrix_(i, j) (weight Y t * (2%:R * dev Y t i j * gap_gradient C (cov_diagonal X) (cov_diagonal Y) i j)).
Definition third_gradient C Y t : 'M[R]_(a, b) :=
  \matrix_(i, j) (weight Y t * (3%:R * dev Y t i j ^+ 2 * gap_gradient C (third X) (third Y) i j)).
Arguments diagonal_gradient C Y t : clear implicits.
Arguments third_gradient C Y t : clear implicits.

Lemma entryD m n (A B : 'M[R]_(m, n)) i j : (A + B) i j = A i j + B i j.
Proof. by rewrite mxE. Qed.

Lemma diagonal_shift Y h :
  cov_diagonal (shift (Y := Y) h) = cov_diagonal Y + (powers_linear 2 h + diagonal_square h).
Proof.
apply/matrixP => i j; rewrite !entryD [LHS]mxE [cov_diagonal Y i j]mxE [powers_linear _ _ i j]mxE [diagonal_square _ i j]mxE -!big_split.
apply: eq_bigr => t _ /=; rewrite dev_shift entryD.
by move: (weight Y t) (dev Y t i j) (dev_of h t i j) => w x y; ring.
Qed.

Lemma third_shift Y h : third (shift (Y := Y) h) = third Y + (powers_linear 3 h + third_rest h).
Proof.
apply/matrixP => i j; rewrite !entryD [LHS]mxE [third Y i j]mxE [powers_linear _ _ i j]mxE [third_rest _ i j]mxE -!big_split.
apply: eq_bigr => t _ /=; rewrite dev_shift entryD.
by move: (weight Y t) (dev Y t i j) (dev_of h t i j) => w x y; ring.
Qed.

Lemma powers_adjoint k (G : 'M[R]_(a, b)) Y h (g : 'I_(tokens Y) -> 'M[R]_(a, b)) :
  (forall t i j, g t i j = weight Y t * (k%:R * dev Y t i j ^+ k.-1 * G i j)) ->
  inner G (powers_linear (Y := Y) k h) = inner_all g (dev_of (Y := Y) h).
Proof.
move=> gE; rewrite /inner_all innerE; under [RHS]eq_bigr do rewrite innerE.
rewrite [RHS]exchange_big; apply: eq_bigr => i _ /=; rewrite [RHS]exchange_big; apply: eq_bigr => j _ /=.
by rewrite [powers_linear _ _ _ _]mxE mulr_sumr; apply: eq_bigr => t _; rewrite gE;
   move: (weight Y t) (_ * _ ^+ _) (G i j) (dev_of h t i j) => w z g0 e; ring.
Qed.

(** The diagonal term pulls each component by itself: outward from its mean where the student's variance is too small, inward
    where it is too large, in proportion to how far out the step is. *)
Theorem gradient_of_the_diagonal_term (c : divisors R a b) Y h :
  let G := gap_gradient (of_diagonal c) (cov_diagonal X) (cov_diagonal Y) in
  covariance_term c Diagonal X (shift (Y := Y) h) =
  covariance_term c Diagonal X Y + inner_all (centred (diagonal_gradient (of_diagonal c) Y)) h +
  (inner G (diagonal_square h) + gap (of_diagonal c) (powers_linear 2 h + diagonal_square h) 0).
Proof.
rewrite /= diagonal_shift gap_of_statistic -inner_centred; congr (_ + _ + _).
by apply: powers_adjoint => t i j; rewrite mxE expr1.
Qed.

(** The third-moment term pulls each component by the square of its deviation, both tails the same way: it moves the skew, and
    leaves a step at the mean alone but for the centring. *)
Theorem gradient_of_the_third_term (c : divisors R a b) Y h :
  let G := gap_gradient (of_third c) (third X) (third Y) in
  order_term c Third X (shift (Y := Y) h) =
  order_term c Third X Y + inner_all (centred (third_gradient (of_third c) Y)) h +
  (inner G (third_rest h) + gap (of_third c) (powers_linear 3 h + third_rest h) 0).
Proof.
rewrite /= third_shift gap_of_statistic -inner_centred; congr (_ + _ + _).
by apply: powers_adjoint => t i j; rewrite mxE.
Qed.

(** Of two successive steps with weight q_s the lag-1 form sends q_s G D_(s+1) to the earlier and q_s G' D_s to the later one
    (layer mode, over r_d), D_(s+1) G' and D_s G likewise (hidden mode, over r_L). *)
Definition over_pairs (V : lmodType R) Y (F : 'I_(tokens Y) -> 'I_(tokens Y) -> V) : V :=
  \sum_(s < tokens Y) \sum_(t < tokens Y | t == s.+1 :> nat) pair_weight Y s *: F s t.
Definition lag_layer_linear Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_a :=
  b%:R^-1 *: over_pairs (fun s t => dev Y s *m (dev_of h t)^T + dev_of h s *m (dev Y t)^T).
Definition lag_layer_square Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_a :=
  b%:R^-1 *: over_pairs (fun s t => dev_of h s *m (dev_of h t)^T).
Definition lag_hidden_linear Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_b :=
  a%:R^-1 *: over_pairs (fun s t => (dev Y s)^T *m dev_of h t + (dev_of h s)^T *m dev Y t).
Definition lag_hidden_square Y (h : 'I_(tokens Y) -> 'M[R]_(a, b)) : 'M[R]_b :=
  a%:R^-1 *: over_pairs (fun s t => (dev_of h s)^T *m dev_of h t).

(** What pairs send to their earlier and to their later step. *)
Definition to_pairs Y (earlier later : 'I_(tokens Y) -> 'M[R]_(a, b)) (u : 'I_(tokens Y)) : 'M[R]_(a, b) :=
  \sum_(t < tokens Y | t == u.+1 :> nat) pair_weight Y u *: earlier t +
  \sum_(s < tokens Y | u == s.+1 :> nat) pair_weight Y s *: later s.
Definition lag_layer_gradient C Y : 'I_(tokens Y) -> 'M[R]_(a, b) :=
  let G := gap_gradient C (lag_layer X) (lag_layer Y) in
  to_pairs (fun t => b%:R^-1 *: (G *m dev Y t)) (fun s => b%:R^-1 *: (G^T *m dev Y s)).
Definition lag_hidden_gradient C Y : 'I_(tokens Y) -> 'M[R]_(a, b) :=
  let G := gap_gradient C (lag_hidden X) (lag_hidden Y) in
  to_pairs (fun t => a%:R^-1 *: (dev Y t *m G^T)) (fun s => a%:R^-1 *: (dev Y s *m G)).
Arguments lag_layer_gradient C Y : clear implicits.
Arguments lag_hidden_gradient C Y : clear implicits.

Lemma lag_shift Y h :
  lag_layer (shift (Y := Y) h) = lag_layer Y + (lag_layer_linear h + lag_layer_square h) /\
  lag_hidden (shift (Y := Y) h) = lag_hidden Y + (lag_hidden_linear h + lag_hidden_square h).
Proof.
split; rewrite /lag_layer /lag_hidden -!scalerDr; congr (_ *: _); rewrite -!big_split; apply: eq_bigr => s _ /=.
all: rewrite -!big_split; apply: eq_bigr => t _ /=; rewrite -!scalerDr; congr (_ *: _).
all: by rewrite !dev_shift [(_ + _)^T]linearD mulmxDl !mulmxDr !addrA.
Qed.

Lemma to_pairs_adjoint Y (earlier later e : 'I_(tokens Y) -> 'M[R]_(a, b)) :
  \sum_(s < tokens Y) \sum_(t < tokens Y | t == s.+1 :> nat) pair_weight Y s * (inner (later s) (e t) + inner (earlier t) (e s)) =
  inner_all (to_pairs (Y := Y) earlier later) e.
Proof.
have -> : inner_all (to_pairs (Y := Y) earlier later) e =
    \sum_(u < tokens Y) \sum_(t < tokens Y | t == u.+1 :> nat) pair_weight Y u * inner (earlier t) (e u) +
    \sum_(u < tokens Y) \sum_(s < tokens Y | u == s.+1 :> nat) pair_weight Y s * inner (later s) (e u).
  rewrite -big_split; apply: eq_bigr => u _; rewrite innerDl !inner_suml.
  by congr (_ + _); apply: eq_bigr => t _; rewrite innerZl.
rewrite [X in _ + X](exchange_big_dep xpredT) //= -big_split; apply: eq_bigr => s _ /=.
by rewrite -big_split; apply: eq_bigr => t _; rewrite mulrDr addrC.
Qed.

Lemma lag_adjoint C D Y h :
  inner (gap_gradient C (lag_layer X) (lag_layer Y)) (lag_layer_linear (Y := Y) h) =
    inner_all (lag_layer_gradient C Y) (dev_of (Y := Y) h) /\
  inner (gap_gradient D (lag_hidden X) (lag_hidden Y)) (lag_hidden_linear (Y := Y) h) =
    inner_all (lag_hidden_gradient D Y) (dev_of (Y := Y) h).
Proof.
split; rewrite -to_pairs_adjoint innerZr inner_sumr mulr_sumr; apply: eq_bigr => s _.
all: rewrite inner_sumr mulr_sumr; apply: eq_bigr => t _; rewrite innerZr mulrCA !innerZl -mulrDr; congr (_ * (_ * _)).
  rewrite innerDr inner_mull -inner_tr trmx_mul !trmxK; congr (_ + _); by rewrite inner_mulr trmxK.
rewrite innerDr inner_mull trmxK; congr (_ + _); by rewrite inner_mulr -inner_tr trmx_mul !trmxK.
Qed.

(** The lag-1 term pulls a step along the deviations of its two neighbours in time, turned by what the lag covariance lacks:
    once as the earlier step of a pair and once as the later. It is the only term by which the order of the steps is learned. *)
Theorem gradient_of_the_lag_1_term (c : divisors R a b) Y h :
  let G := gap_gradient (of_lag_layer c) (lag_layer X) (lag_layer Y) in
  let H := gap_gradient (of_lag_hidden c) (lag_hidden X) (lag_hidden Y) in
  order_term c Lag1 X (shift (Y := Y) h) =
  order_term c Lag1 X Y +
  inner_all (centred (fun t => lag_layer_gradient (of_lag_layer c) Y t + lag_hidden_gradient (of_lag_hidden c) Y t)) h +
  (inner G (lag_layer_square h) + gap (of_lag_layer c) (lag_layer_linear h + lag_layer_square h) 0 +
   (inner H (lag_hidden_square h) + gap (of_lag_hidden c) (lag_hidden_linear h + lag_hidden_square h) 0)).
Proof.
have [lay hid] := lag_adjoint (of_lag_layer c) (of_lag_hidden c) h.
rewrite /= (lag_shift h).1 (lag_shift h).2 !gap_of_statistic -inner_centred inner_allD lay hid.
by ring.
Qed.

End Gradients.

Section Scale.
Variable R : realFieldType.
Variables a b : nat.
Implicit Type Y : trajectory R a b.

Lemma inner_over S (A B : 'M[R]_(a, b)) : inner A (over S B) = inner (over S A) B.
Proof. by rewrite !innerE; apply: eq_bigr => i _; apply: eq_bigr => j _; rewrite !mxE mulrA mulrAC. Qed.

Lemma scaled_shift S Y h :
  same_moments (scaled S (shift (Y := Y) h)) (shift (Y := scaled S Y) (fun t => over S (h t))).
Proof. by apply: same_slices_same_moments => t; rewrite overD. Qed.

(** The chain rule through a fixed scale, for `weighting = variance`: where g is the gradient at the scaled coordinates, with
    the remainder r, the gradient at the coordinates themselves is g over the same scale, and the remainder is that of the
    scaled movement. Whatever the terms in use: the theorems above give g and r. *)
Theorem gradient_through_a_scale c cov ord (w_mean w_cov w_order : R) X S Y
    (g : 'I_(tokens Y) -> 'M[R]_(a, b)) (r : ('I_(tokens Y) -> 'M[R]_(a, b)) -> R) :
  let loss := rationale c cov ord w_mean w_cov w_order (scaled S X) in
  (forall k, loss (shift (Y := scaled S Y) k) = loss (scaled S Y) + inner_all g k + r k) ->
  forall h, loss (scaled S (shift (Y := Y) h)) =
            loss (scaled S Y) + inner_all (fun t => over S (g t)) h + r (fun t => over S (h t)).
Proof.
move=> loss expansion h; have same : same_moments (scaled S X) (scaled S X) by split.
rewrite {1}/loss (rationale_of_moments _ _ _ _ _ _ same (scaled_shift S h)) -/loss expansion.
by congr (_ + _ + _); apply: eq_bigr => t _; rewrite inner_over.
Qed.

End Scale.

Section PullBack.
Variable R : realFieldType.
Variables (l d T : nat) (scale : 'rV[R]_l).
Implicit Type h : 'I_T -> 'M[R]_(l, d).

(** From coordinates back to raw states. In the subspace: what a movement h of the raw states does to the coordinates,
    U' (h / rms) V level by level, pairs with g as h itself pairs with (U g V') / rms. In the complement the coordinates move by
    x - UU' x VV' with x = h / rms, and g goes back as (g - UU' g VV') / rms; with no reduction it goes back as g / rms. The
    mean that standardisation subtracts plays no part. *)
Theorem gradient_pulled_back a b (U : 'M[R]_(l, a)) (V : 'M[R]_(d, b)) h :
  [/\ forall g : 'I_T -> 'M[R]_(a, b),
        inner_all g (fun t => U^T *m (diag_mx scale *m h t) *m V) =
        inner_all (fun t => diag_mx scale *m (U *m g t *m V^T)) h,
      forall g : 'I_T -> 'M[R]_(l, d),
        inner_all g (fun t => let x := diag_mx scale *m h t in x - U *m (U^T *m x *m V) *m V^T) =
        inner_all (fun t => diag_mx scale *m (g t - U *m (U^T *m g t *m V) *m V^T)) h
    & forall g : 'I_T -> 'M[R]_(l, d),
        inner_all g (fun t => diag_mx scale *m h t) = inner_all (fun t => diag_mx scale *m g t) h].
Proof.
have scaling (A B : 'M[R]_(l, d)) : inner A (diag_mx scale *m B) = inner (diag_mx scale *m A) B.
  by rewrite inner_mull tr_diag_mx.
split=> g; apply: eq_bigr => t _; last exact: scaling.
- by rewrite inner_mulr !inner_mull trmxK tr_diag_mx !mulmxA.
- rewrite -scaling /=; move: (diag_mx scale *m h t) (g t) => x y.
  rewrite innerBl innerDr -scaleN1r innerZr mulN1r; congr (_ - _).
  by rewrite inner_mulr inner_mull trmxK inner_mulr inner_mull trmxK !mulmxA.
Qed.

End PullBack.
