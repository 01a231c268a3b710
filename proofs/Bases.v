(** Changes of basis inside either mode, and which rationale terms notice them.

    Singular vectors are known up to sign, and up to rotation where singular values agree. Without weighting most terms do not
    notice; a weighting divides along the axes, and then signs alone go unnoticed. *)

From mathcomp Require Import all_ssreflect all_algebra.
From mathcomp.algebra_tactics Require Import ring.
From LoRi Require Import Moments Scaling Objective.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Bases.
Variable R : realFieldType.

(** An orthogonal matrix: orthonormal columns and as many as rows. *)
Lemma orthogonal_rows n (P : 'M[R]_n) : orthonormal P -> P *m P^T = 1%:M.
Proof. exact: mulmx1C. Qed.

Lemma gap_turned m n (P : 'M[R]_m) (Q : 'M[R]_n) (A B : 'M[R]_(m, n)) : orthonormal P -> orthonormal Q ->
  gap (const_mx 1) (P^T *m A *m Q) (P^T *m B *m Q) = gap (const_mx 1) A B.
Proof.
move=> /orthogonal_rows Pr /orthogonal_rows Qr; rewrite !gap_unweighted -mulmxBl -mulmxBr; congr (_ * _).
move: (A - B) => D; rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ Q) Qr mulmx1.
by rewrite mxtrace_mulC !mulmxA Pr mul1mx.
Qed.

Section Terms.
Variables a b : nat.
Implicit Types (P : 'M[R]_a) (Q : 'M[R]_b) (X Y : trajectory R a b).

Lemma kronecker_tr P Q : (kronecker P Q)^T = kronecker P^T Q^T.
Proof.
apply/matrixP => x y; case/mxvec_indexP: x => i j; case/mxvec_indexP: y => k m.
by rewrite mxE !kroneckerE !mxE.
Qed.

Lemma kronecker_orthonormal P Q : orthonormal P -> orthonormal Q -> orthonormal (kronecker P Q).
Proof.
move=> Po Qo; rewrite /orthonormal kronecker_tr; apply/row_matrixP => x; rewrite !rowE.
rewrite mulmxA mulmx1 -[delta_mx 0 x]vec_mxK -vec_projected -vec_projected !trmxK; congr mxvec.
by rewrite !mulmxA Po mul1mx -mulmxA Qo mulmx1.
Qed.

Lemma cov_layer_turned P Q X : orthonormal Q -> cov_layer (project P Q X) = P^T *m cov_layer X *m P.
Proof.
move=> /orthogonal_rows Qr; rewrite /cov_layer -scalemxAr -scalemxAl; congr (_ *: _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => t _; rewrite -scalemxAr -scalemxAl dev_project; congr (_ *: _).
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ Q) Qr mulmx1.
Qed.

Lemma cov_hidden_turned P Q X : orthonormal P -> cov_hidden (project P Q X) = Q^T *m cov_hidden X *m Q.
Proof.
move=> /orthogonal_rows Pr; rewrite /cov_hidden -scalemxAr -scalemxAl; congr (_ *: _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => t _; rewrite -scalemxAr -scalemxAl dev_project; congr (_ *: _).
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ P) Pr mulmx1.
Qed.

Lemma lag_layer_turned P Q X : orthonormal Q -> lag_layer (project P Q X) = P^T *m lag_layer X *m P.
Proof.
move=> /orthogonal_rows Qr; rewrite /lag_layer -scalemxAr -scalemxAl; congr (_ *: _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => s _; rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
rewrite -scalemxAr -scalemxAl !dev_project; congr (_ *: _).
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ Q) Qr mulmx1.
Qed.

Lemma lag_hidden_turned P Q X : orthonormal P -> lag_hidden (project P Q X) = Q^T *m lag_hidden X *m Q.
Proof.
move=> /orthogonal_rows Pr; rewrite /lag_hidden -scalemxAr -scalemxAl; congr (_ *: _).
rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => s _; rewrite mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
rewrite -scalemxAr -scalemxAl !dev_project; congr (_ *: _).
by rewrite !trmx_mul trmxK !mulmxA -(mulmxA _ P) Pr mulmx1.
Qed.

Definition survives_rotations cov := match cov with Modewise | Full | NoCovariance => true | _ => false end.

(** Singular vectors are known up to sign, and up to rotation where singular values agree. With `weighting = none` that
    freedom is harmless: mean, full, mode-wise and lag-1 terms do not change when either mode's basis is turned. *)
Theorem rationale_survives_rotations_of_both_modes P Q cov ord (w_mean w_cov w_order : R) X Y :
  orthonormal P -> orthonormal Q -> survives_rotations cov -> ord <> Third ->
  rationale (unweighted a b) cov ord w_mean w_cov w_order (project P Q X) (project P Q Y) =
  rationale (unweighted a b) cov ord w_mean w_cov w_order X Y.
Proof.
move=> Po Qo cov_ok ord_ok; congr (_ * _ + _ * _ + _ * _).
- by rewrite /mean_term /= !mean_commutes_with_projection gap_turned.
- case: cov cov_ok => [_|_|no|no|_]; [| |by discriminate no|by discriminate no|by []]; rewrite /covariance_term.
    by rewrite !(cov_layer_turned _ _ Qo) !(cov_hidden_turned _ _ Po) !gap_turned.
  by rewrite !full_covariance_commutes_with_projection gap_turned //; apply: kronecker_orthonormal.
- case: ord ord_ok => [_|no|_]; [|by case: no|by []]; rewrite /order_term.
  by rewrite !(lag_layer_turned _ _ Qo) !(lag_hidden_turned _ _ Po) !gap_turned.
Qed.

(** The per-layer form compares the hidden mode layer by layer. Without weighting it survives rotations of the hidden mode, but
    not of the layer mode (Counterexamples.v): which reduced layers the fit found matters to it, which directions does not. *)
Theorem per_layer_survives_rotations_of_the_hidden_mode Q X Y : orthonormal Q ->
  covariance_term (unweighted a b) PerLayer (project 1%:M Q X) (project 1%:M Q Y) =
  covariance_term (unweighted a b) PerLayer X Y.
Proof.
move=> Qo; congr (_ * _); apply: eq_bigr => i _ /=.
have turned Z : cov_per_layer (project 1%:M Q Z) i = Q^T *m cov_per_layer Z i *m Q.
  rewrite /cov_per_layer mulmx_sumr mulmx_suml; apply: eq_bigr => t _.
  rewrite dev_project trmx1 mul1mx row_mul trmx_mul -scalemxAr -scalemxAl.
  by rewrite !mulmxA.
by rewrite !turned gap_turned.
Qed.

(** Changes of sign, one for each basis vector of either mode. *)
Definition flip (s : 'I_a -> bool) (r : 'I_b -> bool) : trajectory R a b -> trajectory R a b :=
  project (diag_mx (\row_i (-1) ^+ s i)) (diag_mx (\row_j (-1) ^+ r j)).

Lemma dev_flip s r X t i j : dev (flip s r X) t i j = (-1) ^+ (s i (+) r j) * dev X t i j.
Proof. by rewrite dev_project tr_diag_mx mul_mx_diag mxE mul_diag_mx !mxE signr_addb mulrAC. Qed.

Lemma gap_signs m n (e : 'I_m -> 'I_n -> bool) (C A B A' B' : 'M[R]_(m, n)) :
  (forall i j, A' i j = (-1) ^+ e i j * A i j) -> (forall i j, B' i j = (-1) ^+ e i j * B i j) ->
  gap C A' B' = gap C A B.
Proof.
move=> AA BB; congr (_ * _); apply: eq_bigr => i _; apply: eq_bigr => j _.
by rewrite AA BB -mulrBr exprMn sqrr_sign mul1r.
Qed.

End Terms.
End Bases.

Section SignChanges.
Variable R : realFieldType.
Variables a b : nat.
Variables (s : 'I_a -> bool) (r : 'I_b -> bool).
Implicit Type X : trajectory R a b.

Let P : 'M[R]_a := diag_mx (\row_i (-1) ^+ s i).
Let Q : 'M[R]_b := diag_mx (\row_j (-1) ^+ r j).

Lemma signs_orthonormal n (e : 'I_n -> bool) : orthonormal (diag_mx (\row_i (-1) ^+ e i) : 'M[R]_n).
Proof.
rewrite /orthonormal tr_diag_mx mulmx_diag -diag_const_mx; congr diag_mx.
by apply/matrixP => i j; rewrite !mxE -expr2 sqrr_sign.
Qed.

Lemma between_signs m n (e : 'I_m -> bool) (f : 'I_n -> bool) (A : 'M[R]_(m, n)) i j :
  ((diag_mx (\row_i (-1) ^+ e i))^T *m A *m diag_mx (\row_j (-1) ^+ f j)) i j = (-1) ^+ (e i (+) f j) * A i j.
Proof. by rewrite tr_diag_mx mul_mx_diag mxE mul_diag_mx !mxE signr_addb mulrAC. Qed.

Let sign_of (x : 'I_(a * b)) : bool := mxvec (\matrix_(i, j) (s i (+) r j)) 0 x.

Lemma cov_full_flip X x y : cov_full (flip s r X) x y = (-1) ^+ (sign_of x (+) sign_of y) * cov_full X x y.
Proof.
case/mxvec_indexP: x => i j; case/mxvec_indexP: y => k m.
rewrite /sign_of !mxvecE !mxE !cov_fullE mulr_sumr; apply: eq_bigr => t _.
by rewrite !dev_flip mulrACA -signr_addb [LHS]mulrCA.
Qed.

Lemma powers_flip X i j :
  cov_diagonal (flip s r X) i j = cov_diagonal X i j /\ third (flip s r X) i j = (-1) ^+ (s i (+) r j) * third X i j.
Proof.
rewrite !mxE mulr_sumr; split; apply: eq_bigr => t _; rewrite dev_flip exprMn ?sqrr_sign ?mul1r //.
by rewrite exprS sqrr_sign mulr1 mulrCA.
Qed.

Lemma cov_per_layer_flip X i j m :
  cov_per_layer (flip s r X) i j m = (-1) ^+ (r j (+) r m) * cov_per_layer X i j m.
Proof.
rewrite !cov_per_layerE mulr_sumr; apply: eq_bigr => t _; rewrite !dev_flip mulrACA -signr_addb.
have -> : (s i (+) r j) (+) (s i (+) r m) = r j (+) r m by case: (s i) (r j) (r m) => [] [] [].
by rewrite [LHS]mulrCA.
Qed.

Lemma rationale_flip c cov ord (w_mean w_cov w_order : R) X Y :
  rationale c cov ord w_mean w_cov w_order (flip s r X) (flip s r Y) = rationale c cov ord w_mean w_cov w_order X Y.
Proof.
have [Po Qo] := (signs_orthonormal s, signs_orthonormal r).
congr (_ * _ + _ * _ + _ * _).
- rewrite /mean_term !mean_commutes_with_projection.
  by apply: (gap_signs (e := fun i j => s i (+) r j)) => i j; rewrite between_signs.
- case: cov; [| | | |by []]; rewrite /covariance_term.
  + rewrite !(cov_layer_turned _ _ Qo) !(cov_hidden_turned _ _ Po); congr (_ + _).
      by apply: (gap_signs (e := fun i j => s i (+) s j)) => i j; rewrite between_signs.
    by apply: (gap_signs (e := fun i j => r i (+) r j)) => i j; rewrite between_signs.
  + by apply: (gap_signs (e := fun x y => sign_of x (+) sign_of y)) => x y; rewrite cov_full_flip.
  + congr (_ * _); apply: eq_bigr => i _.
    by apply: (gap_signs (e := fun j m => r j (+) r m)) => j m; rewrite cov_per_layer_flip.
  + by apply: (gap_signs (e := fun _ _ => false)) => i j; rewrite (powers_flip _ _ _).1 mul1r.
- case: ord; [| |by []]; rewrite /order_term.
  + rewrite !(lag_layer_turned _ _ Qo) !(lag_hidden_turned _ _ Po); congr (_ + _).
      by apply: (gap_signs (e := fun i j => s i (+) s j)) => i j; rewrite between_signs.
    by apply: (gap_signs (e := fun i j => r i (+) r j)) => i j; rewrite between_signs.
  + by apply: (gap_signs (e := fun i j => s i (+) r j)) => i j; rewrite (powers_flip _ _ _).2.
Qed.

Lemma scaled_flip S X : same_moments (scaled S (flip s r X)) (flip s r (scaled S X)).
Proof.
apply: same_slices_same_moments => t; apply/matrixP => i j.
by rewrite mxE !between_signs mxE mulrA.
Qed.

(** No term notices a change of sign of basis vectors, which an eigensolver may choose as it likes: not without weighting, not
    when squared errors are divided entry by entry (`statistic`), and not when components are scaled first (`variance`). *)
Theorem rationale_survives_sign_changes c cov ord (w_mean w_cov w_order : R) X Y :
  let loss := rationale c cov ord w_mean w_cov w_order in
  loss (flip s r X) (flip s r Y) = loss X Y /\
  forall S, loss (scaled S (flip s r X)) (scaled S (flip s r Y)) = loss (scaled S X) (scaled S Y).
Proof.
move=> loss; split=> [|S]; first exact: rationale_flip.
by rewrite /loss (rationale_of_moments _ _ _ _ _ _ (scaled_flip S X) (scaled_flip S Y)) rationale_flip.
Qed.

End SignChanges.
